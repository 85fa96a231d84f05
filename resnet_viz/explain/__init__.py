"""Attribution methods, the faithfulness of their maps, and single channels.

``resnet_viz.explain`` is also the function that the library exports. Import the contents of this
package by ``from resnet_viz.explain.methods import METHODS``.
"""
