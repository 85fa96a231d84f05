"""Which axis of a layer's values is the channel, and which are positions.

A value of an image network is usually (batch, channel, height, width), but Swin and ConvNeXt keep
their channels last and a vision transformer has a list of tokens. The axis is found from the module
itself or from the operations that made the value; where it cannot be found there is no map, rather
than a map of the wrong axes.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from math import prod

import numpy as np
from torch import Tensor, nn
from torch.autograd.graph import Node

from resnet_viz.core.errors import LayerError, OptionError
from resnet_viz.probe.capture import default_layers


class Reshape(StrEnum):
    """Ready answers to how a layer's values become (batch, channel, *positions)."""

    TOKENS = "tokens"  # (batch, token, channel); class and register tokens come first
    CHANNELS_LAST = "channels-last"  # (batch, *positions, channel)


#: A preset, or a function from a layer's values to (batch, channel, *positions).
ReshapeOption = Reshape | str | Callable[[Tensor], Tensor] | None

#: How the values of one layer, or their gradients, become (batch, channel, *positions).
View = Callable[[Tensor], Tensor]

_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
)
_FIRST_NODES = (
    "Convolution",
    "MkldnnConvolution",
    "SlowConv",
    "CudnnConvolution",
    "NativeBatchNorm",
    "CudnnBatchNorm",
    "MiopenBatchNorm",
    "NativeGroupNorm",
    "MaxPool",
    "AvgPool",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "Upsample",
    "PixelShuffle",
)
_MATRIX_NODES = ("Addmm", "Mm")
_MOST_NODES = 400  # of a search; a decisive operation is usually three steps away


def reshape_named(reshape: ReshapeOption) -> Reshape | Callable[[Tensor], Tensor] | None:
    """The option as a preset or a function; ``OptionError`` for another name."""
    if reshape is None or callable(reshape):
        return reshape
    try:
        return Reshape(str(reshape).lower().replace("_", "-"))
    except ValueError:
        known = ", ".join(Reshape)
        raise OptionError("option_unknown", option="reshape", value=reshape, known=known) from None


def view_of(
    name: str,
    value: Tensor,
    module: nn.Module | None,
    image: Tensor,
    reshape: Reshape | Callable[[Tensor], Tensor] | None = None,
) -> View | None:
    """How the values of a layer become (batch, channel, *positions); None if they do not.

    ``module`` made ``value`` in a pass over ``image``, and is None for a part without a module. A
    linear layer has a map only with ``reshape``. Raises ``LayerError`` if a function of the caller
    returns something else.
    """
    if callable(reshape):
        return _checked(reshape, name, value)
    if value.ndim < 3 or value.shape[0] != len(image):
        return None
    if reshape is Reshape.TOKENS and value.ndim == 3:
        return _tokens_of(value, tuple(image.shape[2:]))
    if value.ndim != image.ndim:
        return None
    return _same_rank(value, module, image, reshape)


def _same_rank(
    value: Tensor, module: nn.Module | None, image: Tensor, reshape: Reshape | None
) -> View | None:
    if module is None or isinstance(module, _FIRST):
        return _unchanged
    if reshape is Reshape.CHANNELS_LAST:
        return _last_to_first
    return None if isinstance(module, nn.Linear) else _found(value, module, image)


def _unchanged(value: Tensor) -> Tensor:
    return value


def _last_to_first(value: Tensor) -> Tensor:
    return value.movedim(-1, 1)


def _found(value: Tensor, module: nn.Module, image: Tensor) -> View | None:
    axis = -1 if _is_last_norm(module) else channel_axis(value, image)
    shape, sides = tuple(value.shape), tuple(image.shape[2:])
    if axis is None:  # only the sizes can tell
        first, last = _may_be_positions(shape[2:], sides), _may_be_positions(shape[1:-1], sides)
        axis = 1 if first and not last else None
    if axis in (-1, value.ndim - 1) and _may_be_positions(shape[1:-1], sides):
        return _last_to_first
    return _unchanged if axis == 1 else None


def _is_last_norm(module: nn.Module) -> bool:
    exact = type(module) in (nn.LayerNorm, nn.RMSNorm)  # a subclass may permute before it
    return (
        exact
        and isinstance(module, (nn.LayerNorm, nn.RMSNorm))
        and len(tuple(module.normalized_shape)) == 1
    )


def _may_be_positions(sides: tuple[int, ...], image: tuple[int, ...]) -> bool:
    """Whether one stride can make ``sides`` of the image's; each side may be rounded by one."""
    pairs = list(zip(sides, image, strict=True))
    return all(
        abs(own * other_whole - other * whole) <= 1.5 * max(whole, other_whole)
        for own, whole in pairs
        for other, other_whole in pairs
    )


def channel_axis(value: Tensor, image: Tensor) -> int | None:
    """The channel axis of ``value`` by the operations that made it; None if they do not tell."""
    waiting = deque([(value.grad_fn, tuple(range(value.ndim)))])
    seen: set[Node] = set()
    while waiting and len(seen) < _MOST_NODES:
        node, axes = waiting.popleft()  # axes[i]: where axis i of the node's output is in ``value``
        if node is None or node in seen:
            continue
        seen.add(node)
        kind = node.name().rpartition("::")[2]
        if getattr(node, "variable", None) is image:
            return axes[1]
        if kind.startswith(_FIRST_NODES):
            return axes[1]
        if kind.startswith("NativeLayerNorm") and len(node._saved_normalized_shape) == 1:  # type: ignore[attr-defined]  # torch's, of this node alone
            return axes[-1]
        if kind.startswith("LinearBackward") or _is_matrix_product(node, kind):
            return axes[-1]
        waiting.extend((parent, _before(node, kind, axes)) for parent in _alike(node, axes))
    return None


def _is_matrix_product(node: Node, kind: str) -> bool:
    """Whether the node is the view around a linear layer over the last axis."""
    parent = node.next_functions[0][0] if node.next_functions else None
    return (
        "View" in kind
        and parent is not None
        and parent.name().startswith(_MATRIX_NODES)
        and _output_shape(parent)[-1:] == _output_shape(node)[-1:]
    )


def _alike(node: Node, axes: tuple[int, ...]) -> Iterator[Node]:
    """The parents whose values have as many axes, in the same order."""
    is_view = "View" in node.name() or "Reshape" in node.name()
    for parent, number in node.next_functions:
        if parent is None:
            continue
        shape = _output_shape(parent, number)
        if len(shape) == len(axes) and (not is_view or shape == _output_shape(node)):
            yield parent


def _before(node: Node, kind: str, axes: tuple[int, ...]) -> tuple[int, ...]:
    """``axes`` of the node's input."""
    count = len(axes)
    if kind.startswith("PermuteBackward"):
        order = [_index(axis, count) for axis in node._saved_dims]  # type: ignore[attr-defined]  # torch's
        back = [0] * count
        for after, before in enumerate(order):
            back[before] = axes[after]
        return tuple(back)
    if kind.startswith("TransposeBackward"):
        one, other = _index(node._saved_dim0, count), _index(node._saved_dim1, count)  # type: ignore[attr-defined]  # torch's
        swapped = list(axes)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        return tuple(swapped)
    return axes


def _index(axis: int, count: int) -> int:
    """Torch saves negative axes as unsigned numbers of 64 bits."""
    return (axis - 2**64 if axis >= 2**63 else axis) % count


def _output_shape(node: Node, number: int = 0) -> tuple[int, ...]:
    outputs = node._input_metadata  # of its backward pass
    return tuple(outputs[number].shape) if number < len(outputs) else ()


def _tokens_of(value: Tensor, image: tuple[int, ...]) -> View | None:
    """(batch, token, channel) as a grid of patches; the tokens before the grid are left out."""
    count = value.shape[1]
    grids = {
        tuple(side // patch for side in image) for patch in range(1, min(image, default=0) + 1)
    }
    fitting = [grid for grid in grids if 0 < prod(grid) <= count]
    if not fitting:
        return None
    grid = max(fitting, key=prod)
    skipped = count - prod(grid)

    def view(tokens: Tensor) -> Tensor:
        patches = tokens[:, skipped:].transpose(1, 2)
        return patches.reshape(len(tokens), -1, *grid)

    return view


def _checked(reshape: Callable[[Tensor], Tensor], name: str, value: Tensor) -> View | None:
    """The caller's function, if it suits this layer's values."""
    try:
        shaped = reshape(value.detach())
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise LayerError(
            "reshape_failed", name=name, shape=tuple(value.shape), reason=reason
        ) from error
    if not isinstance(shaped, Tensor) or shaped.ndim < 3 or len(shaped) != len(value):
        given = tuple(shaped.shape) if isinstance(shaped, Tensor) else type(shaped).__name__
        raise LayerError("reshape_result", name=name, given=given)
    return reshape


def no_map(network: nn.Module, name: str, values: Mapping[str, Tensor | np.ndarray]) -> LayerError:
    """Why a layer of ``network`` that was measured has no map, with the cure."""
    runs = [other for other in values if other.rpartition("#")[0] == name]
    if runs:
        return LayerError("explain_runs", name=name, runs=", ".join(runs))
    shape = tuple(values[name].shape)
    if len(shape) > 2:
        return LayerError("explain_axes", name=name, shape=shape)
    modules = dict(network.named_modules())
    known = [n for n in default_layers(network) if not isinstance(modules.get(n), nn.Linear)]
    return LayerError("explain_layer", name=name, known=", ".join(known[-5:]) or "-")
