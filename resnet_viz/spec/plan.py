"""A spec in full: every part of every block in order of execution, without weights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.choices import (
    Block,
    Downsample,
    Order,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)
from resnet_viz.spec.layer_names import block_name, block_of
from resnet_viz.spec.network import NetworkSpec
from resnet_viz.spec.parts import (
    Convolution,
    Part,
    PartKind,
    branch_parts,
    convolution_part,
    norm_parts,
)


class Way(StrEnum):
    """How a block's input reaches its sum."""

    IDENTITY = "identity"
    PADDING = "padding"  # subsampled, with zero channels: option A
    PROJECTION = "projection"  # a 1x1 convolution
    NONE = "none"  # there is no shortcut: a plain block


@dataclass(frozen=True)
class BlockPlan:
    """One block: the parts of its branch, of its shortcut (``around``), and after the sum.

    ``around_from`` names the part of the branch whose output the shortcut reads, or is None where
    the shortcut reads the block's input.
    """

    stage: int
    index: int
    stride: int
    in_channels: int
    out_channels: int
    way: Way
    branch: tuple[Part, ...]
    around: tuple[Part, ...]
    after: tuple[Part, ...]
    around_from: str | None

    @property
    def name(self) -> str:
        """The block's name in the state dict: "layer3.1"."""
        return block_name(self.stage, self.index)

    @property
    def keeps_shape(self) -> bool:
        """Whether the output has the shape of the input."""
        return self.stride == 1 and self.in_channels == self.out_channels

    @property
    def drop(self) -> float:
        """Probability that a training step leaves the branch out (stochastic depth)."""
        return next((part.value for part in self.branch if part.kind is PartKind.DROP), 0.0)


@dataclass(frozen=True)
class Plan:
    """A whole network: stem, blocks, the parts after the last block, and head."""

    stem: tuple[Part, ...]
    blocks: tuple[BlockPlan, ...]
    last: tuple[Part, ...]
    head: tuple[Part, ...]

    @property
    def out_channels(self) -> int:
        """Number of channels that the head reads."""
        return self.blocks[-1].out_channels

    def sequences(self) -> Iterator[Mapping[str, Part]]:
        """Parts that run in a row, by full name: the stem, each block's branch, and so on."""
        yield {part.name: part for part in self.stem}
        for block in self.blocks:
            for parts in (block.branch, block.around, block.after):
                yield {f"{block.name}.{part.name}": part for part in parts}
        yield {part.name: part for part in (*self.last, *self.head)}


@lru_cache(maxsize=128)
def plan(spec: NetworkSpec) -> Plan:
    """The plan of a spec; computed once per spec."""
    channels = spec.stem_width or spec.widths[0]
    stem = tuple(_stem(spec, channels))
    blocks: list[BlockPlan] = []
    for stage, (depth, width) in enumerate(zip(spec.depths, spec.widths, strict=True), 1):
        for index in range(depth):
            stride = 2 if _shrinks(spec, stage, index) else 1
            drop = spec.stochastic_depth * (len(blocks) + 1) / sum(spec.depths)
            blocks.append(_block(spec, stage, index, channels, width, stride, drop))
            channels = blocks[-1].out_channels
    head = (
        Part("avgpool", PartKind.AVERAGE, channels),
        Part("fc", PartKind.LINEAR, spec.classes),
    )
    return Plan(stem, tuple(blocks), tuple(_last(spec, channels)), head)


def selectable_layer(spec: NetworkSpec, layer: str) -> str:
    """The convolution, block or head that represents a layer where only those can be selected.

    A normalisation is represented by its convolution: the one before it, or the one after it in a
    pre-activation block. Any other part of a block is represented by the block, and what follows
    the last block by that block. A name that the network does not have is returned as it is.
    """
    blocks = spec.blocks()
    block = block_of(layer, blocks)
    kinds = next(
        (
            {name: part.kind for name, part in parts.items()}
            for parts in plan(spec).sequences()
            if layer in parts
        ),
        {},
    )
    kind = kinds.get(layer)
    if kind in (PartKind.CONVOLUTION, PartKind.LINEAR):
        return layer
    if kind is None or (block is not None and kind is not PartKind.NORM):
        return block or layer
    place = list(kinds).index(layer)
    convolutions = [
        (at, name) for at, (name, of) in enumerate(kinds.items()) if of is PartKind.CONVOLUTION
    ]
    before = [name for at, name in convolutions if at < place]
    after = [name for at, name in convolutions if at > place]
    if spec.order is Order.PRE and after:
        return after[0]
    return before[-1] if before else blocks[-1]


def parameter_count(spec: NetworkSpec) -> int:
    """Exact number of parameters, from at most two blocks per stage: all later ones are equal."""
    short = plan(replace(spec, depths=tuple(min(depth, 2) for depth in spec.depths)))
    count = sum(part.parameters for part in (*short.stem, *short.last))
    for block in short.blocks:
        times = 1 if block.index == 0 else spec.depths[block.stage - 1] - 1
        count += times * sum(part.parameters for part in (*block.branch, *block.around))
    return count + (short.out_channels + 1) * spec.classes


def shortcut_parameters(spec: NetworkSpec) -> int:
    """Number of parameters of the shortcuts alone; 0 for option A."""
    return parameter_count(spec) - parameter_count(spec.plain())


def _shrinks(spec: NetworkSpec, stage: int, index: int) -> bool:
    """Whether a block has a stride of 2; stages count from 1."""
    if spec.stride_in is StrideIn.LAST:
        return stage < len(spec.depths) and index == spec.depths[stage - 1] - 1
    return stage > 1 and index == 0


def _block(
    spec: NetworkSpec, stage: int, index: int, channels: int, width: int, stride: int, drop: float
) -> BlockPlan:
    convolutions = _convolutions(spec, channels, width, stride)
    out = convolutions[-1].out_channels
    way = _way(spec, stride, same_channels=channels == out)
    drop = 0.0 if way is Way.NONE else drop  # without a shortcut, a dropped branch leaves nothing
    pre = spec.order is Order.PRE
    activated = spec.shortcut_input is ShortcutInput.ACTIVATED
    pooled = spec.downsample is Downsample.AVG
    projection = Convolution(
        spec.shortcut_kernel, 1 if pooled else stride, channels, out, bias=spec.bias
    )
    return BlockPlan(
        stage=stage,
        index=index,
        stride=stride,
        in_channels=channels,
        out_channels=out,
        way=way,
        branch=tuple(branch_parts(spec, convolutions, drop)),
        around=tuple(_around(spec, way, projection, stride)),
        after=() if pre else (Part("relu", PartKind.ACTIVATION, out),),
        around_from="relu1" if pre and activated and way is Way.PROJECTION else None,
    )


def _convolutions(
    spec: NetworkSpec, channels: int, width: int, stride: int
) -> tuple[Convolution, ...]:
    if spec.block is Block.BASIC:
        return (
            Convolution(3, stride, channels, width, bias=spec.bias),
            Convolution(3, 1, width, width, bias=spec.bias),
        )
    inside = width * spec.width_per_group // USUAL_WIDTH_PER_GROUP * spec.groups
    first, second = (stride, 1) if spec.stride_on is StrideOn.CONV_1X1 else (1, stride)
    return (
        Convolution(1, first, channels, inside, bias=spec.bias),
        Convolution(3, second, inside, inside, spec.groups, spec.bias),
        Convolution(1, 1, inside, width * spec.block.expansion, bias=spec.bias),
    )


def _way(spec: NetworkSpec, stride: int, *, same_channels: bool) -> Way:
    same = stride == 1 and same_channels
    match spec.shortcut:
        case Shortcut.NONE:
            return Way.NONE
        case Shortcut.PROJECTION_ALL:
            return Way.PROJECTION
        case Shortcut.PROJECTION if same_channels and spec.stride_in is StrideIn.LAST:
            return Way.IDENTITY if same else Way.PADDING  # every second pixel, without zeros
        case Shortcut.PROJECTION:
            return Way.IDENTITY if same else Way.PROJECTION
        case Shortcut.ZERO_PAD:
            return Way.IDENTITY if same else Way.PADDING


def _around(spec: NetworkSpec, way: Way, projection: Convolution, stride: int) -> Iterator[Part]:
    channels = projection.out_channels
    match way:
        case Way.IDENTITY:
            yield Part("downsample", PartKind.IDENTITY, channels)
        case Way.PADDING:
            yield Part("downsample", PartKind.PAD, channels, stride=stride)
        case Way.PROJECTION:
            first = 0
            if spec.downsample is Downsample.AVG:  # timm's names: the pool has a number too
                kind = PartKind.AVERAGE_POOL if stride > 1 else PartKind.IDENTITY
                yield Part("downsample.0", kind, projection.in_channels)
                first = 1
            yield convolution_part(f"downsample.{first}", projection)
            if (
                spec.order is Order.POST and spec.shortcut_norm
            ):  # a pre-activation network normalises before
                yield from norm_parts(spec, f"downsample.{first + 1}", channels)
        case Way.NONE:
            return


def _stem(spec: NetworkSpec, channels: int) -> Iterator[Part]:
    """The parts before the first block; a pre-activation block starts with its own activation."""
    before = spec.input_channels
    kernel, stride = {Stem.CIFAR: (3, 1), Stem.IMAGENET: (7, 2), Stem.DEEP: (3, 2)}[spec.stem]
    if spec.stem is Stem.DEEP:
        for letter, width in zip("ab", spec.deep_widths, strict=True):
            convolution = Convolution(kernel, stride, before, width, bias=spec.bias)
            yield convolution_part(f"conv1{letter}", convolution)
            yield from norm_parts(spec, f"bn1{letter}", width)
            yield Part(f"relu1{letter}", PartKind.ACTIVATION, width)
            before, stride = width, 1
    yield convolution_part("conv1", Convolution(kernel, stride, before, channels, bias=spec.bias))
    if spec.order is Order.POST:
        yield from norm_parts(spec, "bn1", channels)
        if spec.fixup:
            yield Part("shift1", PartKind.SHIFT, channels)
        yield Part("relu", PartKind.ACTIVATION, channels)
    if spec.pool is not StemPool.NONE:
        zeros = spec.pool is StemPool.MAX_ZEROS
        kind = PartKind.MAX_POOL_ZEROS if zeros else PartKind.MAX_POOL
        yield Part("maxpool", kind, channels)


def _last(spec: NetworkSpec, channels: int) -> Iterator[Part]:
    """The parts after the last block: a pre-activation block does not end with an activation."""
    if spec.order is Order.PRE and spec.last_norm:
        yield from norm_parts(spec, "bn_last", channels)
        yield Part("relu_last", PartKind.ACTIVATION, channels)
    if spec.fixup:
        yield Part("shift_last", PartKind.SHIFT, channels)
