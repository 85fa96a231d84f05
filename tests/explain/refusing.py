"""A method that refuses one of two twins, for tests of what is said then."""

from resnet_viz.explain import relevance
from resnet_viz.explain.operations import kind, nodes


def lrp_without_additions(monkeypatch):
    """Make LRP refuse the residual network and take the plain one."""

    def first_addition(score, _image):
        found = any(kind(node).startswith("AddBackward") for node in nodes(score.grad_fn))
        return "addition" if found else None

    monkeypatch.setattr(relevance, "not_proportional", first_addition)
