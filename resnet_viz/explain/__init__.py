"""Attribution methods, how faithful their maps are, and the channels they are made of.

``resnet_viz.explain`` is also the function that the library exports. Import what this package holds
by ``from resnet_viz.explain.methods import METHODS``.
"""
