"""``possible_specs``: every spec that the shapes of a file's modules allow."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise, product

from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule
from resnet_viz.checkpoints.identifying.roles import Skeleton
from resnet_viz.core.errors import SpecError
from resnet_viz.spec import (
    Block,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StrideOn,
)
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP
from resnet_viz.spec.plan import plan

_STEMS = {7: (Stem.IMAGENET, 224), 3: (Stem.CIFAR, 32)}  # kernel: stem, usual input in pixels
_GROUPED = re.compile(r"gn|group|layer_?norm|(^|[._])ln")
_BATCHED = re.compile(r"bn|batch")


def possible_specs(roles: Skeleton) -> Iterator[NetworkSpec]:
    """Yield every spec that the shapes allow, the most usual first."""
    first = roles.main[0].shape if roles.main else ()
    if len(roles.main) < 3 or len(set(first[2:])) != 1 or first[2] not in _STEMS:
        return
    block = roles.block
    inner = roles.main[1:]
    step = block.convolutions
    if len(inner) % step:
        return
    blocks = [inner[i : i + step] for i in range(0, len(inner), step)]
    choices = product(_shortcuts(blocks, roles), _orders(roles), _norms(roles))
    for shortcut, order, norm in choices:
        try:
            spec = _spec(roles, blocks, block, shortcut, order, norm)
        except (SpecError, ZeroDivisionError):
            continue
        usual = replace(spec, shortcut=Shortcut.PROJECTION)
        if shortcut is not Shortcut.PROJECTION_ALL or plan(spec) != plan(usual):
            yield from _alike(spec)


def _alike(spec: NetworkSpec) -> Iterator[NetworkSpec]:
    """Yield every spec with the same tensors and another function, itself first."""
    grows = any(narrow < wide for narrow, wide in pairwise(_outputs(spec)))
    pads = spec.shortcut is Shortcut.ZERO_PAD and grows
    strides = spec.block is Block.BOTTLENECK and len(spec.depths) > 1
    reads = spec.order is Order.PRE and spec.shortcut in (
        Shortcut.PROJECTION, Shortcut.PROJECTION_ALL,
    )  # fmt: skip
    for padding, stride_on, shortcut_input in product(
        Padding if pads else [spec.padding],
        StrideOn if strides else [spec.stride_on],
        ShortcutInput if reads else [spec.shortcut_input],
    ):
        yield replace(spec, padding=padding, stride_on=stride_on, shortcut_input=shortcut_input)


def _outputs(spec: NetworkSpec) -> list[int]:
    """Channels of the stem and of every stage."""
    expansion = spec.block.expansion
    return [spec.stem_width or spec.widths[0], *(width * expansion for width in spec.widths)]


def _spec(
    roles: Skeleton,
    blocks: Sequence[Sequence[NamedModule]],
    block: Block,
    shortcut: Shortcut,
    order: Order,
    norm: Norm,
) -> NetworkSpec:
    stem, size = _STEMS[roles.main[0].shape[2]]
    outs = [each[-1].shape[0] // block.expansion for each in blocks]
    stages = [(width, len(list(run))) for width, run in groupby(outs)]
    first = roles.main[0].shape
    features = blocks[-1][-1].shape[0]
    spec = NetworkSpec(
        block=block,
        depths=tuple(depth for _, depth in stages),
        widths=tuple(width for width, _ in stages),
        shortcut=shortcut,
        shortcut_norm=order is Order.PRE or bool(roles.aside_norms) or not roles.aside,
        stem=stem,
        stem_width=None if first[0] == stages[0][0] else first[0],
        order=order,
        bias=any("bias" in m.keys for m in (*roles.main, *roles.aside)),
        norm=norm,
        input_size=size,
        input_channels=first[1],
        classes=features if roles.head.layer is None else roles.head.classes,
    )
    return spec if block is Block.BASIC else _grouped(spec, blocks[0])


def _grouped(spec: NetworkSpec, first: Sequence[NamedModule]) -> NetworkSpec:
    """Set groups and width per group from the 3x3 convolution of the first bottleneck block."""
    inside, in_group = first[1].shape[:2]
    groups = inside // in_group
    width = inside * USUAL_WIDTH_PER_GROUP // (spec.widths[0] * groups)
    return replace(spec, groups=groups, width_per_group=width)


def _norms(roles: Skeleton) -> list[Norm]:
    """The possible normalisations, the most likely first.

    Batch normalisation without its running statistics has the tensors of group normalisation; only
    names tell them apart.
    """
    norms = (*roles.main_norms, *roles.aside_norms)
    if not norms:
        return [Norm.NONE]
    if any(norm.kind is ModuleKind.NORM for norm in norms):
        return [Norm.BATCH]
    names = [norm.name.lower() for norm in norms]
    if any(_GROUPED.search(name) for name in names) or not any(map(_BATCHED.search, names)):
        return [Norm.GROUP]
    return [Norm.BATCH, Norm.GROUP]


def _shortcuts(blocks: Sequence[Sequence[NamedModule]], roles: Skeleton) -> list[Shortcut]:
    if not roles.aside:
        return [Shortcut.ZERO_PAD, Shortcut.NONE]
    if len(roles.aside) == len(blocks):
        return [Shortcut.PROJECTION, Shortcut.PROJECTION_ALL]
    return [Shortcut.PROJECTION]


def _orders(roles: Skeleton) -> list[Order]:
    """The possible orders of normalisation, from the shortcuts and the first and last norm."""
    if not roles.main_norms:
        return [Order.POST]
    if roles.aside_norms:
        return [Order.POST]
    opening, closing = roles.main_norms[0], roles.main_norms[-1]
    if opening.parent == roles.main[1].parent != roles.main[0].parent:
        return [Order.PRE]
    if closing.parent == roles.main[-1].parent != roles.main[0].parent:
        return [Order.POST]
    return [Order.POST, Order.PRE]
