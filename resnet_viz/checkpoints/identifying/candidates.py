"""Which network a file's tensors belong to: from shapes and order, whatever their names are.

Every spec that the shapes allow is a candidate, spelled out by its plan and compared tensor by
tensor. What shapes cannot tell (a plain network from one with option A, and where normalisation
stands in it) is left to ``checkpoints.topology``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from torch import Tensor

from resnet_viz.checkpoints.identifying.named_modules import (
    Found,
    FoundKind,
    modules,
    orderings,
)
from resnet_viz.checkpoints.identifying.roles import (
    Skeleton,
    planned,
    skeleton,
    without_statistics,
)
from resnet_viz.core.errors import SpecError
from resnet_viz.spec import Block, NetworkSpec, Norm, Order, Shortcut, Stem
from resnet_viz.spec.checks import USUAL_WIDTH_PER_GROUP

_STEMS = {7: (Stem.IMAGENET, 224), 3: (Stem.CIFAR, 32)}  # kernel: stem, usual input in pixels


@dataclass(frozen=True, eq=False)
class Candidate:
    """A spec and which of the file's tensors each of its own would be.

    ``matched`` of ``total`` tensors of the file have a place with their shape; ``first`` is the
    first that has none.
    """

    spec: NetworkSpec
    keys: Mapping[str, str]  # our name -> the file's
    matched: int
    total: int
    first: str | None

    @property
    def whole(self) -> bool:
        """Whether every tensor of the file, and of the network, has found its place."""
        return self.first is None

    def tensors(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The file's tensors under our own names."""
        return {own: given[key] for own, key in self.keys.items()}


def candidates(tensors: Mapping[str, Tensor]) -> list[Candidate]:
    """Every network that the tensors may belong to, the best match first.

    Where some match whole, these alone; else the nearest ones. [] where nothing looks like a
    residual or plain network.
    """
    found = modules(tensors)
    nearest: list[Candidate] = []
    for order in orderings(found):
        roles = skeleton(order)
        tried = [_matched(spec, roles, tensors) for spec in _specs(roles)]
        if whole := [candidate for candidate in tried if candidate.whole]:
            return whole
        nearest += tried
    return sorted(nearest, key=lambda c: -c.matched)


def fitted(spec: NetworkSpec, tensors: Mapping[str, Tensor]) -> Candidate:
    """The best match of a given spec."""
    orders = orderings(modules(tensors))
    tried = [_matched(spec, skeleton(order), tensors) for order in orders]
    return max(tried, key=lambda candidate: (candidate.whole, candidate.matched))


def _specs(roles: Skeleton) -> Iterator[NetworkSpec]:
    """Every spec that the shapes allow; none for what is no such network at all."""
    if len(roles.main) < 3 or not roles.heads or roles.main[0].shape[2] not in _STEMS:
        return
    block = roles.block
    inner = roles.main[1:]
    step = block.convolutions
    if len(inner) % step:
        return
    blocks = [inner[i : i + step] for i in range(0, len(inner), step)]
    for shortcut in _shortcuts(blocks, roles):
        for order in _orders(roles):
            try:
                yield _spec(roles, blocks, block, shortcut, order)
            except (SpecError, ZeroDivisionError):
                continue


def _spec(
    roles: Skeleton,
    blocks: Sequence[Sequence[Found]],
    block: Block,
    shortcut: Shortcut,
    order: Order,
) -> NetworkSpec:
    stem, size = _STEMS[roles.main[0].shape[2]]
    outs = [each[-1].shape[0] // block.expansion for each in blocks]
    stages = [(width, len(list(run))) for width, run in groupby(outs)]
    first = roles.main[0].shape
    spec = NetworkSpec(
        block=block,
        depths=tuple(depth for _, depth in stages),
        widths=tuple(width for width, _ in stages),
        shortcut=shortcut,
        stem=stem,
        stem_width=None if first[0] == stages[0][0] else first[0],
        order=order,
        norm=_norm(roles),
        input_size=size,
        input_channels=first[1],
        classes=roles.heads[-1].shape[0],
    )
    return spec if block is Block.BASIC else _grouped(spec, blocks[0])


def _grouped(spec: NetworkSpec, first: Sequence[Found]) -> NetworkSpec:
    """ResNeXt's groups and wide ResNet's width, from the middle of the first block."""
    inside, in_group = first[1].shape[:2]
    groups = inside // in_group
    width = inside * USUAL_WIDTH_PER_GROUP // (spec.widths[0] * groups)
    return replace(spec, groups=groups, width_per_group=width)


def _norm(roles: Skeleton) -> Norm:
    if not roles.main_norms:
        return Norm.NONE
    counted = all(norm.kind is FoundKind.NORM for norm in roles.main_norms)
    return Norm.BATCH if counted else Norm.GROUP


def _shortcuts(blocks: Sequence[Sequence[Found]], roles: Skeleton) -> list[Shortcut]:
    if not roles.aside:
        return [Shortcut.ZERO_PAD, Shortcut.NONE]
    if len(roles.aside) == len(blocks):
        return [Shortcut.PROJECTION_ALL, Shortcut.PROJECTION]
    return [Shortcut.PROJECTION]


def _orders(roles: Skeleton) -> list[Order]:
    """Where normalisation stands: by the number of norms, else by where the outer two stand."""
    if roles.aside:
        return [Order.POST if roles.aside_norms or not roles.main_norms else Order.PRE]
    if not roles.main_norms:
        return [Order.POST]
    opening, closing = roles.main_norms[0], roles.main_norms[-1]
    if opening.parent == roles.main[1].parent != roles.main[0].parent:
        return [Order.PRE]
    if closing.parent == roles.main[-1].parent != roles.main[0].parent:
        return [Order.POST]
    return [Order.POST, Order.PRE]


def _matched(spec: NetworkSpec, roles: Skeleton, tensors: Mapping[str, Tensor]) -> Candidate:
    own = planned(spec)
    if spec.norm is Norm.GROUP:
        own = replace(own, main_norms=tuple(map(without_statistics, own.main_norms)),
                      aside_norms=tuple(map(without_statistics, own.aside_norms)))  # fmt: skip
    keys: dict[str, str] = {}
    lost: list[str] = []
    for role in ("main", "main_norms", "aside", "aside_norms", "heads"):
        mine, theirs = getattr(own, role), getattr(roles, role)
        for one, other in zip(mine, theirs, strict=False):
            _pair(one, other, tensors, keys, lost)
        lost += [m.name for m in (*mine[len(theirs) :], *theirs[len(mine) :])]
    placed = set(keys.values())
    left = [key for key in tensors if key not in placed]
    first = next(iter([*left, *lost]), None)
    return Candidate(spec, keys, len(placed), len(tensors), first)


def _pair(
    own: Found,
    given: Found,
    tensors: Mapping[str, Tensor],
    keys: dict[str, str],
    lost: list[str],
) -> None:
    """Give every tensor of one module its place, or note what is missing."""
    if own.shape != given.shape:
        lost.append(given.name)
        return
    for part, name in own.keys.items():
        counter = part == "num_batches_tracked"
        key = given.keys.get(part)
        if key is not None and (counter or tensors[key].shape[:1] == own.shape[:1]):
            keys[name] = key
        elif not counter:
            lost.append(f"{given.name}.{part}")
