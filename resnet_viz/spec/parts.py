"""The parts of a network: their names, kinds and sizes, without weights."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.spec.choices import Attention, Edges, Norm, Order
from resnet_viz.spec.network import NetworkSpec


class PartKind(StrEnum):
    """What one part does to its input."""

    CONVOLUTION = "convolution"
    NORM = "norm"
    ACTIVATION = "activation"
    SCALE = "scale"  # one learned factor
    SHIFT = "shift"  # one learned number added
    DROP = "drop"  # zero in some steps of training
    IDENTITY = "identity"
    PAD = "pad"  # every second pixel, and zero channels
    JOIN = "join"  # the sum of branch and shortcut
    MAX_POOL = "max_pool"  # 3x3, stride 2
    MAX_POOL_ZEROS = "max_pool_zeros"  # the same; zeros around the image take part
    AVERAGE_POOL = "average_pool"  # 2x2, stride 2; fewer pixels at an edge
    AVERAGE = "average"  # over all positions
    SQUEEZE = "squeeze"  # weighs channels by two layers (SE)
    NEIGHBOURS = "neighbours"  # weighs channels by a convolution along them (ECA)
    LINEAR = "linear"


@dataclass(frozen=True)
class Convolution:
    """One convolution; its padding is half its kernel."""

    kernel: int
    stride: int
    in_channels: int
    out_channels: int
    groups: int = 1
    bias: bool = False

    @property
    def weights(self) -> int:
        """Number of weights without the biases."""
        return self.kernel**2 * (self.in_channels // self.groups) * self.out_channels

    def pads_behind(self, edges: Edges) -> bool:
        """Whether it pads as TensorFlow does, which differs only with a stride."""
        return edges is Edges.BEHIND and self.stride > 1 and self.kernel > 1

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights + (self.out_channels if self.bias else 0)


@dataclass(frozen=True)
class Part:
    """One module of a network.

    ``channels`` counts those of the output. ``stride`` is used by padding alone. ``value`` is the
    initial value of a scale, or the probability that a branch is dropped. ``size`` is the width of
    the hidden layer of SE, which may have biases, or the kernel of ECA.
    """

    name: str
    kind: PartKind
    channels: int
    convolution: Convolution | None = None
    stride: int = 1
    value: float = 0.0
    size: int = 0
    bias: bool = False

    @property
    def parameters(self) -> int:
        """Number of learned values, except a linear layer's, which depends on its input."""
        match self.kind:
            case PartKind.CONVOLUTION if self.convolution is not None:
                return self.convolution.parameters
            case PartKind.NORM:
                return 2 * self.channels
            case PartKind.SCALE | PartKind.SHIFT:
                return 1
            case PartKind.SQUEEZE:
                biases = self.size + self.channels if self.bias else 0
                return 2 * self.size * self.channels + biases
            case PartKind.NEIGHBOURS:
                return self.size
        return 0


def branch_parts(
    spec: NetworkSpec, convolutions: tuple[Convolution, ...], drop: float
) -> Iterator[Part]:
    """The parts of a block's branch F in order of execution; ``drop`` is a probability."""
    if spec.order is Order.PRE:
        yield from _pre_activation(spec, convolutions)
    elif spec.fixup:
        yield from _fixup(convolutions)
    else:
        yield from _post_activation(spec, convolutions)
    channels = convolutions[-1].out_channels
    yield from _attention(spec, channels)
    if spec.branch_scale is not None:
        yield Part("scale", PartKind.SCALE, channels, value=spec.branch_scale)
    if drop:
        yield Part("drop", PartKind.DROP, channels, value=drop)


def convolution_part(name: str, convolution: Convolution) -> Part:
    """A convolution as a named part."""
    return Part(name, PartKind.CONVOLUTION, convolution.out_channels, convolution)


def norm_parts(spec: NetworkSpec, name: str, channels: int) -> Iterator[Part]:
    """A normalisation, or no part where the spec has none."""
    if spec.norm is not Norm.NONE:
        yield Part(name, PartKind.NORM, channels)


def _attention(spec: NetworkSpec, channels: int) -> Iterator[Part]:
    match spec.attention:
        case Attention.SE:
            inside = max(spec.attention_least, channels // spec.attention_reduction)
            yield Part("se", PartKind.SQUEEZE, channels, size=inside, bias=spec.attention_bias)
        case Attention.ECA:
            size = spec.attention_kernel or eca_kernel(channels)
            yield Part("eca", PartKind.NEIGHBOURS, channels, size=size)


def eca_kernel(channels: int) -> int:
    """The kernel of ECA by the number of channels (Wang 2020, eq. 12: gamma 2, b 1)."""
    return max(3, int((math.log2(channels) + 1) / 2) | 1)


def _post_activation(spec: NetworkSpec, convolutions: tuple[Convolution, ...]) -> Iterator[Part]:
    for number, convolution in enumerate(convolutions, 1):
        channels = convolution.out_channels
        yield convolution_part(f"conv{number}", convolution)
        yield from norm_parts(spec, f"bn{number}", channels)
        if number < len(convolutions):
            yield Part(f"relu{number}", PartKind.ACTIVATION, channels)


def _pre_activation(spec: NetworkSpec, convolutions: tuple[Convolution, ...]) -> Iterator[Part]:
    for number, convolution in enumerate(convolutions, 1):
        channels = convolution.in_channels
        yield from norm_parts(spec, f"bn{number}", channels)
        yield Part(f"relu{number}", PartKind.ACTIVATION, channels)
        yield convolution_part(f"conv{number}", convolution)


def _fixup(convolutions: tuple[Convolution, ...]) -> Iterator[Part]:
    """A number added before every layer, and one factor at the end (Zhang 2019, fig. 1)."""
    last = len(convolutions)
    for number, convolution in enumerate(convolutions, 1):
        channels = convolution.out_channels
        yield Part(f"shift{number}a", PartKind.SHIFT, convolution.in_channels)
        yield convolution_part(f"conv{number}", convolution)
        if number < last:
            yield Part(f"shift{number}b", PartKind.SHIFT, channels)
            yield Part(f"relu{number}", PartKind.ACTIVATION, channels)
    yield Part("scale", PartKind.SCALE, channels, value=1.0)
    yield Part(f"shift{last}b", PartKind.SHIFT, channels)
