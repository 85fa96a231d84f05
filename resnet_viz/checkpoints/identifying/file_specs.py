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
    Downsample,
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

_STEMS = {7: (Stem.IMAGENET,), 3: (Stem.CIFAR, Stem.DEEP)}  # by the first kernel
_CONVOLUTIONS = {Stem.IMAGENET: 1, Stem.CIFAR: 1, Stem.DEEP: 3}
_SIZES = {Stem.IMAGENET: 224, Stem.CIFAR: 32, Stem.DEEP: 224}  # usual input in pixels
_POOLED = re.compile(r"\.1$")
_GROUPED = re.compile(r"gn|group|layer_?norm|(^|[._])ln")
_BATCHED = re.compile(r"bn|batch")


def possible_specs(roles: Skeleton) -> Iterator[NetworkSpec]:
    """Yield every spec that the shapes allow, the most usual first."""
    first = roles.main[0].shape if roles.main else ()
    if len(roles.main) < 3 or len(set(first[2:])) != 1:
        return
    for stem in _STEMS.get(first[2], ()):
        if stem is not Stem.DEEP or _is_deep(roles.main):
            yield from _with_stem(stem, roles)


def _is_deep(main: Sequence[NamedModule]) -> bool:
    """Whether the first three convolutions may be a stem: a stage of equal widths is none.

    Such a stage has the same tensors; then only names tell, which group the three and no other.
    """
    widths = {conv.shape[0] for conv in main[1:4]}
    if len(widths) > 1 or main[0].shape[0] not in widths:
        return True
    first, *_, fourth = main[:4]
    return len({conv.parent for conv in main[:3]}) == 1 and first.parent != fourth.parent


def _with_stem(stem: Stem, roles: Skeleton) -> Iterator[NetworkSpec]:
    block = roles.block
    inner = roles.main[_CONVOLUTIONS[stem] :]
    step = block.convolutions
    if not inner or len(inner) % step:
        return
    blocks = [inner[i : i + step] for i in range(0, len(inner), step)]
    choices = product(_shortcuts(blocks, roles), _orders(roles, inner), _norms(roles))
    for shortcut, order, norm in choices:
        try:
            spec = _spec(roles, stem, blocks, shortcut, order, norm)
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
    reads = spec.order is Order.PRE and spec.shortcut.projects
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
    stem: Stem,
    blocks: Sequence[Sequence[NamedModule]],
    shortcut: Shortcut,
    order: Order,
    norm: Norm,
) -> NetworkSpec:
    block = roles.block
    outputs = [each[-1].shape[0] for each in blocks]
    outs = [out // block.expansion for out in outputs]
    stages = [(width, len(list(run))) for width, run in groupby(outs)]
    *inside, last = (conv.shape[0] for conv in roles.main[: _CONVOLUTIONS[stem]])
    features = outputs[-1]
    on_branches = sum(map(len, blocks))
    spec = NetworkSpec(
        block=block,
        depths=tuple(depth for _, depth in stages),
        widths=tuple(width for width, _ in stages),
        shortcut=shortcut,
        shortcut_norm=order is Order.PRE or bool(roles.aside_norms) or not roles.aside,
        shortcut_kernel=max((conv.shape[2] for conv in roles.aside), default=1),
        downsample=_downsample(roles, shortcut),
        stem=stem,
        stem_width=None if last == stages[0][0] else last,
        stem_inside=None if inside in ([], [max(1, last // 2)] * 2) else tuple(inside),
        order=order,
        last_norm=order is Order.POST or len(roles.main_norms) > on_branches + len(inside),
        bias=any("bias" in m.keys for m in (*roles.main, *roles.aside)),
        norm=norm,
        input_size=_SIZES[stem],
        input_channels=roles.main[0].shape[1],
        classes=features if roles.head.layer is None else roles.head.classes,
        **roles.weighed.fields(outputs),  # type: ignore[arg-type]
    )
    return spec if block is Block.BASIC else _grouped(spec, blocks[0])


def _downsample(roles: Skeleton, shortcut: Shortcut) -> Downsample:
    """What the names say: timm counts the pool before the convolution; photographs decide later."""
    pooled = shortcut.projects and all(_POOLED.search(conv.name) for conv in roles.aside)
    return Downsample.AVG if pooled else Downsample.STRIDE


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


def _orders(roles: Skeleton, inner: Sequence[NamedModule]) -> list[Order]:
    """The possible orders of normalisation, from the shortcuts and the first and last norm.

    ``inner`` are the convolutions of the branches.
    """
    if not roles.main_norms:
        return [Order.POST]
    if roles.aside_norms:
        return [Order.POST]
    if len(roles.main_norms) < len(roles.main):
        return [Order.PRE]  # without one at the end
    first = len(roles.main) - len(inner) - 1  # a norm for every convolution of the stem but one
    opening, closing = roles.main_norms[first], roles.main_norms[-1]
    if opening.parent == inner[0].parent != roles.main[0].parent:
        return [Order.PRE]
    if closing.parent == inner[-1].parent != roles.main[0].parent:
        return [Order.POST]
    return [Order.POST, Order.PRE]
