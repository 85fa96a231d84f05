"""A spec spelled out: every convolution and every shortcut, before any weight exists."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.choices import Block, Order, Shortcut, Stem, StrideOn
from resnet_viz.spec.network import NetworkSpec


class Way(StrEnum):
    """How one block's input reaches its sum."""

    IDENTITY = "identity"
    PADDING = "padding"  # subsampled, with zero channels: option A
    PROJECTION = "projection"  # a 1x1 convolution
    NONE = "none"  # it does not


@dataclass(frozen=True)
class Convolution:
    """One convolution; its padding is half its kernel."""

    kernel: int
    stride: int
    in_channels: int
    out_channels: int
    groups: int = 1

    @property
    def parameters(self) -> int:
        """Weights; there is no bias."""
        return self.kernel**2 * self.in_channels // self.groups * self.out_channels


@dataclass(frozen=True)
class BlockPlan:
    """One block. ``drop`` is the chance that a step of training leaves its branch out."""

    stage: int
    index: int
    convolutions: tuple[Convolution, ...]
    way: Way
    drop: float

    @property
    def name(self) -> str:
        """As in the state dict: "layer3.1"."""
        return f"layer{self.stage}.{self.index}"

    @property
    def in_channels(self) -> int:
        """Of the block's input."""
        return self.convolutions[0].in_channels

    @property
    def out_channels(self) -> int:
        """Of the block's output."""
        return self.convolutions[-1].out_channels

    @property
    def stride(self) -> int:
        """Of the whole block."""
        return max(c.stride for c in self.convolutions)

    @property
    def projection(self) -> Convolution | None:
        """The shortcut's convolution, if it has one."""
        if self.way is not Way.PROJECTION:
            return None
        return Convolution(1, self.stride, self.in_channels, self.out_channels)


@dataclass(frozen=True)
class Plan:
    """A whole network: the stem's convolution, whether a max pool follows, blocks, head."""

    stem: Convolution
    pool: bool
    blocks: tuple[BlockPlan, ...]

    @property
    def out_channels(self) -> int:
        """What the head reads."""
        return self.blocks[-1].out_channels


@lru_cache(maxsize=256)
def plan(spec: NetworkSpec) -> Plan:
    """Every convolution and shortcut of a spec, in order of execution."""
    imagenet = spec.stem is Stem.IMAGENET
    kernel, stride = (7, 2) if imagenet else (3, 1)
    channels = spec.stem_width or spec.widths[0]
    stem = Convolution(kernel, stride, spec.input_channels, channels)
    blocks: list[BlockPlan] = []
    for stage, (depth, width) in enumerate(zip(spec.depths, spec.widths, strict=True), 1):
        for index in range(depth):
            step = 2 if index == 0 and stage > 1 else 1
            convolutions = _branch(spec, channels, width, step)
            way = _way(spec.shortcut, convolutions, step)
            drop = spec.stochastic_depth * (len(blocks) + 1) / sum(spec.depths)
            dropped = 0.0 if way is Way.NONE else drop  # a plain block has no way around
            blocks.append(BlockPlan(stage, index, convolutions, way, dropped))
            channels = blocks[-1].out_channels
    return Plan(stem, imagenet, tuple(blocks))


def _branch(spec: NetworkSpec, channels: int, width: int, stride: int) -> tuple[Convolution, ...]:
    if spec.block is Block.BASIC:
        return Convolution(3, stride, channels, width), Convolution(3, 1, width, width)
    inside = width * spec.width_per_group // USUAL_WIDTH_PER_GROUP * spec.groups
    first, second = (stride, 1) if spec.stride_on is StrideOn.CONV_1X1 else (1, stride)
    return (
        Convolution(1, first, channels, inside),
        Convolution(3, second, inside, inside, spec.groups),
        Convolution(1, 1, inside, width * spec.block.expansion),
    )


def _way(shortcut: Shortcut, convolutions: tuple[Convolution, ...], stride: int) -> Way:
    same = stride == 1 and convolutions[0].in_channels == convolutions[-1].out_channels
    match shortcut:
        case Shortcut.NONE:
            return Way.NONE
        case Shortcut.PROJECTION_ALL:
            return Way.PROJECTION
        case Shortcut.PROJECTION:
            return Way.IDENTITY if same else Way.PROJECTION
        case Shortcut.ZERO_PAD:
            return Way.IDENTITY if same else Way.PADDING


def shortcut_parameters(spec: NetworkSpec) -> int:
    """What the shortcuts alone cost: 0 for options A and none.

    A projection behind which batch normalisation follows (post-activation) has its two
    parameters a channel too.
    """
    norms = 2 if spec.norm.value != "none" and spec.order is Order.POST else 0
    projections = [p for block in plan(spec).blocks if (p := block.projection) is not None]
    return sum(p.parameters + norms * p.out_channels for p in projections)
