"""The table of a network's layers: shapes, parameters, costs and receptive fields.

Computed from the plan alone, without weights; ResNet-1202 takes milliseconds.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import prod

from resnet_viz.records import Layer
from resnet_viz.spec import Activation, NetworkSpec, Norm
from resnet_viz.spec.parts import Part, PartKind
from resnet_viz.spec.plan import BlockPlan, plan

_KINDS = {
    PartKind.CONVOLUTION: "Conv2d",
    PartKind.SCALE: "Scale",
    PartKind.SHIFT: "Shift",
    PartKind.DROP: "DropBranch",
    PartKind.PAD: "ZeroPad",
    PartKind.JOIN: "Add",
    PartKind.MAX_POOL: "MaxPool2d",
    PartKind.MAX_POOL_ZEROS: "ZeroEdgeMaxPool2d",
    PartKind.AVERAGE_POOL: "AvgPool2d",
    PartKind.SQUEEZE: "SqueezeExcitation",
    PartKind.NEIGHBOURS: "ChannelConvolution",
    PartKind.AVERAGE: "AdaptiveAvgPool2d",
    PartKind.LINEAR: "Linear",
}
_ATTENTIONS = (PartKind.SQUEEZE, PartKind.NEIGHBOURS)
_NORMS = {Norm.BATCH: "BatchNorm2d", Norm.GROUP: "GroupNorm", Norm.LAYER: "GroupNorm"}
_ACTIVATIONS = {
    Activation.RELU: "ReLU",
    Activation.TANH: "Tanh",
    Activation.SIGMOID: "Sigmoid",
    Activation.GELU: "GELU",
    Activation.SILU: "SiLU",
    Activation.ELU: "ELU",
}


def layer_table(spec: NetworkSpec) -> list[Layer]:
    """Every layer in order of execution; no network is built.

    MACs of a convolution: output positions x kernel area x input channels / groups; of a linear
    layer: inputs x outputs; of the weights of channels (SE, ECA): those of their layers.
    Additions, activations, pooling and normalisation are left out. Receptive field:
    r + (kernel - 1) x stride before it, through each path (Araujo et al. 2019, "Computing Receptive
    Fields", Distill). Global average pooling sees all of its input.
    """
    return list(_rows(spec))


def image_of(spec: NetworkSpec) -> Layer:
    """The image as the row that the first layer reads; it is no row of the table."""
    shape = (spec.input_channels, spec.input_size, spec.input_size)
    return Layer("input", "Input", shape, 0, 0, 4 * prod(shape), 1, 1, 1, ())


@lru_cache(maxsize=32)  # 3 MB for ResNet-1202; a page asks for totals, groups and table in turn
def _rows(spec: NetworkSpec) -> tuple[Layer, ...]:
    walk = _Walk(spec)
    layout = plan(spec)
    value = walk.through(layout.stem, "", walk.image)
    for block in layout.blocks:
        value = walk.block(block, value)
    walk.through((*layout.last, *layout.head), "", value)
    return tuple(walk.rows)


class _Walk:
    """The rows so far; each method takes input layers and returns the last layer it added."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.rows: list[Layer] = []
        self.image = image_of(spec)

    def through(self, parts: Iterable[Part], prefix: str, value: Layer) -> Layer:
        for part in parts:
            value = self.step(part, prefix, value)
        return value

    def block(self, block: BlockPlan, value: Layer) -> Layer:
        prefix, start = f"{block.name}.", value
        for part in block.branch:
            value = self.step(part, prefix, value)
            if part.name == block.around_from:
                start = value
        if block.around:
            around = self.through(block.around, prefix, start)
            value = self.step(
                Part("join", PartKind.JOIN, block.out_channels), prefix, value, around
            )
        return self.through(block.after, prefix, value)

    def step(self, part: Part, prefix: str, *inputs: Layer) -> Layer:
        if part.kind is PartKind.IDENTITY:
            return inputs[0]
        before = inputs[0]
        kernel, stride = _window(part, before)
        shape = _shape(part, before, kernel, stride)
        seen = (kernel - 1) * before.stride
        around = (before.shape[-1] - 1) * before.stride if part.kind in _ATTENTIONS else seen
        parameters = part.parameters
        if part.kind is PartKind.LINEAR:
            parameters = (before.shape[0] + 1) * part.channels
        row = Layer(
            name=prefix + part.name,
            kind=self._kind(part),
            shape=shape,
            parameters=parameters,
            macs=_macs(part, parameters, shape),
            memory=4 * prod(shape),
            receptive_min=min(layer.receptive_min for layer in inputs) + seen,
            receptive_max=max(layer.receptive_max for layer in inputs) + around,
            stride=before.stride * stride,
            inputs=tuple(layer.name for layer in inputs),
        )
        self.rows.append(row)
        return row

    def _kind(self, part: Part) -> str:
        match part.kind:
            case PartKind.CONVOLUTION if part.convolution is not None:
                behind = part.convolution.pads_behind(self.spec.edges)
                return "SameConv2d" if behind else "Conv2d"
            case PartKind.NORM:
                return _NORMS[self.spec.norm]
            case PartKind.ACTIVATION:
                return _ACTIVATIONS[self.spec.activation]
        return _KINDS[part.kind]


def _window(part: Part, before: Layer) -> tuple[int, int]:
    """Side and stride in positions of the window that one output value reads."""
    match part.kind:
        case PartKind.CONVOLUTION if part.convolution is not None:
            return part.convolution.kernel, part.convolution.stride
        case PartKind.PAD:
            return 1, part.stride
        case PartKind.MAX_POOL | PartKind.MAX_POOL_ZEROS:
            return 3, 2
        case PartKind.AVERAGE_POOL:
            return 2, 2
        case PartKind.AVERAGE:
            return before.shape[-1], before.shape[-1]
    return 1, 1


def _shape(part: Part, before: Layer, kernel: int, stride: int) -> tuple[int, ...]:
    match part.kind:
        case PartKind.LINEAR:
            return (part.channels,)
        case PartKind.AVERAGE:
            return part.channels, 1, 1
        case PartKind.AVERAGE_POOL:
            side = (before.shape[-1] + 1) // 2
            return part.channels, side, side
    side = (before.shape[-1] + 2 * (kernel // 2) - kernel) // stride + 1
    return part.channels, side, side


def _macs(part: Part, parameters: int, shape: tuple[int, ...]) -> int:
    match part.kind:
        case PartKind.CONVOLUTION if part.convolution is not None:
            return part.convolution.weights * prod(shape[1:])
        case PartKind.LINEAR:
            return parameters - part.channels  # without the bias
        case PartKind.SQUEEZE:
            return 2 * part.size * part.channels
        case PartKind.NEIGHBOURS:
            return part.size * part.channels
    return 0
