"""The layer of a map when the caller names none.

It is the last layer that holds the whole signal: every path from the image to the score passes
through it. So it is a block after its addition, never one branch of several, never a head that did
not run; and it has weights after it, so it does not hold class scores.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from resnet_viz.core.errors import LayerError, NetworkError
from resnet_viz.explain.operations import nodes
from resnet_viz.probe.capture import unwrapped
from resnet_viz.probe.layouts import View, channel_axis

_CONVOLUTION = nn.modules.conv._ConvNd
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_COPIES = ("CloneBackward", "AliasBackward")


def candidates(network: nn.Module) -> list[str]:
    """Every convolution, and every module with parts and weights that is no plain container."""
    network = unwrapped(network)
    return [
        name
        for name, module in network.named_modules()
        if name and (isinstance(module, _CONVOLUTION) or _is_block(module))
    ]


def _is_block(module: nn.Module) -> bool:
    has_parts = next(module.children(), None) is not None
    has_weights = next(module.parameters(), None) is not None
    return type(module) not in _CONTAINERS and has_parts and has_weights


def last_whole_layer(
    values: Mapping[str, Tensor],
    views: Mapping[str, View],
    score: Tensor,
    image: Tensor,
    *,
    named_classes: int,
) -> str:
    """The name among ``values`` of the last layer that holds the whole signal.

    Parameters
    ----------
    values
        The values of ``candidates``, in order of execution, from a pass with gradients.
    views
        How the values of layers with positions become (batch, channel, *positions).
    score
        The score, with its graph.
    image
        The leaf that went into the network.
    named_classes
        How many classes the score names; 0 for a target function.

    Raises
    ------
    LayerError
        The values of the layer are tokens, which need ``reshape``.
    NetworkError
        No layer has positions.

    """
    if score.grad_fn is None:
        raise NetworkError("network_detached")
    small: list[str] = []
    for name in reversed(list(values)):
        value = values[name]
        if value.grad_fn is None or value.ndim < 3 or not _is_whole(value.grad_fn, score, image):
            continue
        if name not in views:
            if _are_tokens(value, image):
                raise LayerError("layer_tokens", name=name, shape=tuple(value.shape))
            continue
        if _holds_class_scores(value, views[name], score, named_classes):
            continue
        if views[name](value)[0, 0].numel() == 1:
            small.append(name)
            continue
        return _innermost(name, values, views)
    if small:
        return _innermost(small[0], values, views)
    raise NetworkError("explain_no_convolution")


def _are_tokens(value: Tensor, image: Tensor) -> bool:
    fewer = value.ndim == 3 and image.ndim > 3 and len(value) == len(image)
    return fewer and value.shape[1] > 1 and channel_axis(value, image) == 2


def _is_whole(node: Node, score: Tensor, image: Tensor) -> bool:
    """Whether the score depends on the image only through this node."""
    assert score.grad_fn is not None
    reached = set(nodes(score.grad_fn))
    if node not in reached:
        return False
    return not any(getattr(one, "variable", None) is image for one in nodes(score.grad_fn, node))


def _holds_class_scores(value: Tensor, view: View, score: Tensor, named_classes: int) -> bool:
    """Whether a channel is a class: no weights follow, and the score reads only its own channels.

    Such a gradient says nothing about the other channels. Tokens of which the score reads only the
    class token are left out too.
    """
    assert score.grad_fn is not None
    weighted = any(
        isinstance(getattr(node, "variable", None), nn.Parameter)
        for node in nodes(score.grad_fn, value.grad_fn)
    )
    is_grid = view(value).shape[2:].numel() * view(value).shape[1] == value[0].numel()
    if weighted and is_grid:
        return False
    slope = torch.autograd.grad(
        score.sum(), value, retain_graph=True, allow_unused=True, materialize_grads=True
    )[0]
    at_positions = view(slope).flatten(2)
    if not is_grid and not at_positions.any():
        return bool(slope.any())
    if weighted:
        return False
    read = int(at_positions.any(2).any(0).sum())
    return at_positions.shape[1] == 1 or read <= max(1, named_classes)


def _innermost(name: str, values: Mapping[str, Tensor], views: Mapping[str, View]) -> str:
    """A module that returns a part's value unchanged gives way to that part."""
    by_node = {
        value.grad_fn: other
        for other, value in values.items()
        if other in views and value.grad_fn is not None
    }
    node, found = values[name].grad_fn, name
    while node is not None and node.name().startswith(_COPIES):
        node = node.next_functions[0][0]
        found = by_node.get(node, found) if node is not None else found
    return found
