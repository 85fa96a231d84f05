"""``candidates``: the networks that a file's tensors fit, by shape and order, whatever their names.

Every spec that the shapes allow is a candidate; its plan is compared with the file tensor by
tensor. Shapes do not tell a plain network from one with option A shortcuts, nor always where the
normalisation is; ``identify`` decides between such candidates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from torch import Tensor

from resnet_viz.checkpoints.identifying.named_modules import (
    ModuleKind,
    NamedModule,
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
    """A spec, and how the file's tensors map to its own.

    Parameters
    ----------
    spec
        The network that the file may belong to.
    keys
        The file's names by ours.
    matched, total
        How many of the file's tensors fit, out of how many.
    first
        The first tensor or module that does not fit; None if all do.

    """

    spec: NetworkSpec
    keys: Mapping[str, str]
    matched: int
    total: int
    first: str | None

    @property
    def whole(self) -> bool:
        """Whether every tensor of the file and of the network is matched."""
        return self.first is None

    def tensors(self, file_tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The file's tensors under our names."""
        return {own: file_tensors[key] for own, key in self.keys.items()}


def candidates(tensors: Mapping[str, Tensor]) -> list[Candidate]:
    """List the networks that the tensors may belong to, best match first.

    Returns
    -------
    list
        Only the complete matches if there are any, otherwise partial ones; [] if the tensors do
        not look like a residual or plain network.

    """
    file_modules = modules(tensors)
    partial: list[Candidate] = []
    for order in orderings(file_modules):
        roles = skeleton(order)
        matches = [_matched(spec, roles, tensors) for spec in _specs(roles)]
        if complete := [candidate for candidate in matches if candidate.whole]:
            return complete
        partial += matches
    return sorted(partial, key=lambda c: -c.matched)


def fitted(spec: NetworkSpec, tensors: Mapping[str, Tensor]) -> Candidate:
    """The best match of the tensors to a spec."""
    orders = orderings(modules(tensors))
    matches = [_matched(spec, skeleton(order), tensors) for order in orders]
    return max(matches, key=lambda candidate: (candidate.whole, candidate.matched))


def _specs(roles: Skeleton) -> Iterator[NetworkSpec]:
    """Yield every spec that the shapes allow."""
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
    blocks: Sequence[Sequence[NamedModule]],
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


def _grouped(spec: NetworkSpec, first: Sequence[NamedModule]) -> NetworkSpec:
    """Set groups and width per group from the 3x3 convolution of the first bottleneck block."""
    inside, in_group = first[1].shape[:2]
    groups = inside // in_group
    width = inside * USUAL_WIDTH_PER_GROUP // (spec.widths[0] * groups)
    return replace(spec, groups=groups, width_per_group=width)


def _norm(roles: Skeleton) -> Norm:
    if not roles.main_norms:
        return Norm.NONE
    counted = all(norm.kind is ModuleKind.NORM for norm in roles.main_norms)
    return Norm.BATCH if counted else Norm.GROUP


def _shortcuts(blocks: Sequence[Sequence[NamedModule]], roles: Skeleton) -> list[Shortcut]:
    if not roles.aside:
        return [Shortcut.ZERO_PAD, Shortcut.NONE]
    if len(roles.aside) == len(blocks):
        return [Shortcut.PROJECTION_ALL, Shortcut.PROJECTION]
    return [Shortcut.PROJECTION]


def _orders(roles: Skeleton) -> list[Order]:
    """The possible orders of normalisation, from the shortcuts and the first and last norm."""
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
    expected = planned(spec)
    if spec.norm is Norm.GROUP:
        expected = replace(
            expected,
            main_norms=tuple(map(without_statistics, expected.main_norms)),
            aside_norms=tuple(map(without_statistics, expected.aside_norms)),
        )
    keys: dict[str, str] = {}
    unmatched: list[str] = []
    for role in ("main", "main_norms", "aside", "aside_norms", "heads"):
        mine, theirs = getattr(expected, role), getattr(roles, role)
        for one, other in zip(mine, theirs, strict=False):
            _pair(one, other, tensors, keys, unmatched)
        unmatched += [m.name for m in (*mine[len(theirs) :], *theirs[len(mine) :])]
    used = set(keys.values())
    extra = [key for key in tensors if key not in used]
    first = next(iter([*extra, *unmatched]), None)
    return Candidate(spec, keys, len(used), len(tensors), first)


def _pair(
    own: NamedModule,
    other: NamedModule,
    tensors: Mapping[str, Tensor],
    keys: dict[str, str],
    unmatched: list[str],
) -> None:
    """Match the tensors of two modules: add to ``keys``, or to ``unmatched`` what does not fit."""
    if own.shape != other.shape:
        unmatched.append(other.name)
        return
    for part, name in own.keys.items():
        is_counter = part == "num_batches_tracked"
        key = other.keys.get(part)
        if key is not None and (is_counter or tensors[key].shape[:1] == own.shape[:1]):
            keys[name] = key
        elif not is_counter:
            unmatched.append(f"{other.name}.{part}")
