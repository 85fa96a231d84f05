"""Sort modules by role: branch, shortcut, normalisation, head; for a file and for a spec."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile

from resnet_viz.checkpoints.identifying.attention_layers import (
    AttentionLayers,
    split_attention,
)
from resnet_viz.checkpoints.identifying.heads import Head, HeadKind, split_head
from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule
from resnet_viz.spec import Block, NetworkSpec
from resnet_viz.spec.parts import Part, PartKind
from resnet_viz.spec.plan import plan


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Modules by role, each in order of execution.

    Parameters
    ----------
    main, main_norms
        Convolutions of stem and branches, and normalisations outside the shortcuts.
    aside, aside_norms
        Convolutions and normalisations of the shortcuts.
    attention
        Layers that weigh channels.
    head
        The head; its modules are in no other role.
    rest
        Modules of no known kind.

    """

    main: tuple[NamedModule, ...]
    main_norms: tuple[NamedModule, ...]
    aside: tuple[NamedModule, ...]
    aside_norms: tuple[NamedModule, ...]
    attention: tuple[NamedModule, ...]
    weighed: AttentionLayers
    head: Head
    rest: tuple[NamedModule, ...]

    @property
    def block(self) -> Block:
        """Bottleneck if there are two 1x1 convolutions per 3x3 one on the branches."""
        kernels = [module.shape[2] for module in _after_stem(self.main)]
        bottleneck = kernels and kernels.count(1) >= 2 * kernels.count(3)
        return Block.BOTTLENECK if bottleneck else Block.BASIC


def skeleton(ordered: Sequence[NamedModule]) -> Skeleton:
    """Sort a file's modules by role, from shapes and order; names only settle the shortcuts."""
    others, attention = split_attention(ordered)
    file_modules, head = split_head(others)
    convolutions = [m for m in file_modules if m.kind is ModuleKind.CONVOLUTION]
    aside = _aside(convolutions)
    kinds = (ModuleKind.NORM, ModuleKind.SCALE)
    norms = [m for m in file_modules if m.kind in kinds]
    main = tuple(m for m in convolutions if m not in aside)
    aside_norms = _aside_norms(file_modules, main, aside, norms)
    return Skeleton(
        main=main,
        main_norms=tuple(m for m in norms if m not in aside_norms),
        aside=tuple(aside),
        aside_norms=tuple(aside_norms),
        attention=attention.modules,
        weighed=attention,
        head=head,
        rest=tuple(m for m in file_modules if m.kind in (ModuleKind.OTHER, ModuleKind.LINEAR)),
    )


def _aside(convolutions: Sequence[NamedModule]) -> list[NamedModule]:
    wide = [m for m in convolutions[1:] if m.aside and m.shape[2] > 1]
    if wide:  # only a name tells a 3x3 convolution on a shortcut
        return [m for m in convolutions[1:] if m.aside]
    after_stem = _after_stem(convolutions)
    one_by_one = [m for m in after_stem if m.shape[2] == 1]
    others = len(after_stem) - len(one_by_one)
    if len(one_by_one) < 2 * others or not others:
        return one_by_one  # basic blocks have no 1x1 convolution on their branch
    named = [m for m in one_by_one if m.aside]
    if len(named) == len(one_by_one) - 2 * others:
        return named
    return _fourth_in_block(after_stem)


def _after_stem(convolutions: Sequence[NamedModule]) -> list[NamedModule]:
    """The convolutions from the first 1x1 on: a stem has one or several larger ones."""
    return [*dropwhile(lambda module: module.shape[2] > 1, convolutions[1:])]


def _fourth_in_block(after_stem: Sequence[NamedModule]) -> list[NamedModule]:
    """The shortcuts of bottlenecks: of 1x1, 3x3, 1x1, 1x1 the last, or with Keras the third.

    A 3x3 after the fourth says that it starts the next block. The number of input channels tells
    the two, except in a block whose input is as wide as its inside: there the others decide.
    """
    groups: list[Sequence[NamedModule]] = []
    place = 0
    kernels = [m.shape[2] for m in after_stem]
    while place < len(after_stem):
        following = place + 3
        whole = following < len(after_stem)
        if whole and (following + 1 >= len(after_stem) or kernels[following + 1] == 1):
            groups.append(after_stem[place : place + 4])
            place += 1
        place += 3
    third = sum(_is_third(*group) for group in groups)
    return [group[2 if third else 3] for group in groups]


def _is_third(first: NamedModule, _: NamedModule, third: NamedModule, last: NamedModule) -> bool:
    inside, before = first.shape[:2]
    return inside != before and (third.shape[1], last.shape[1]) == (before, inside)


def _aside_norms(
    file_modules: Sequence[NamedModule],
    main: Sequence[NamedModule],
    aside: Sequence[NamedModule],
    norms: Sequence[NamedModule],
) -> list[NamedModule]:
    """The normalisation of each shortcut: by parent or name, otherwise the next in order."""
    if len(norms) != len(main) + len(aside):
        return []
    parents = {m.parent for m in aside} - {m.parent for m in main}
    siblings = [m for m in norms if m.parent in parents]
    if len(siblings) == len(aside):
        return siblings
    named = [m for m in norms if m.aside]
    if len(named) == len(aside):
        return named
    convolutions = [m for m in file_modules if m in main or m in aside]
    if _apart(convolutions, norms, file_modules):
        return [norms[place] for place, m in enumerate(convolutions) if m in aside]
    following = []
    for place, module in enumerate(file_modules):
        if module in aside:
            following += [m for m in file_modules[place + 1 :] if m in norms][:1]
    return following


def _apart(
    convolutions: Sequence[NamedModule],
    norms: Sequence[NamedModule],
    file_modules: Sequence[NamedModule],
) -> bool:
    """Whether all normalisations come before or after all convolutions: the order is by class."""
    places = {id(m): place for place, m in enumerate(file_modules)}
    ours, theirs = ([places[id(m)] for m in group] for group in (convolutions, norms))
    return bool(ours and theirs) and (max(ours) < min(theirs) or max(theirs) < min(ours))


def planned(spec: NetworkSpec) -> Skeleton:
    """The modules of a spec by role, under the names of our own state dict."""
    layout = plan(spec)
    main = [*_named(layout.stem, "")]
    aside: list[NamedModule] = []
    attention: list[NamedModule] = []
    for block in layout.blocks:
        main += _named(block.branch, f"{block.name}.")
        aside += _named(block.around, f"{block.name}.")
        attention += _weighing(block.branch, f"{block.name}.")
    main += _named(layout.last, "")
    head = NamedModule(
        "fc", ModuleKind.LINEAR, (spec.classes, layout.out_channels), _own_keys("fc", 2)
    )
    kinds = (ModuleKind.NORM, ModuleKind.SCALE)
    return Skeleton(
        main=tuple(m for m in main if m.kind is ModuleKind.CONVOLUTION),
        main_norms=tuple(m for m in main if m.kind in kinds),
        aside=tuple(m for m in aside if m.kind is ModuleKind.CONVOLUTION),
        aside_norms=tuple(m for m in aside if m.kind in kinds),
        attention=tuple(attention),
        weighed=AttentionLayers(spec.attention, tuple(attention)),
        head=Head(HeadKind.LINEAR, (head,), head, spec.classes),
        rest=(),
    )


def _named(parts: Sequence[Part], prefix: str) -> list[NamedModule]:
    named_modules = []
    for part in parts:
        name = prefix + part.name
        if part.kind is PartKind.CONVOLUTION and part.convolution is not None:
            c = part.convolution
            shape = (c.out_channels, c.in_channels // c.groups, c.kernel, c.kernel)
            keys = _own_keys(name, 2 if c.bias else 1)
            named_modules.append(NamedModule(name, ModuleKind.CONVOLUTION, shape, keys))
        elif part.kind is PartKind.NORM:
            named_modules.append(
                NamedModule(name, ModuleKind.NORM, (part.channels,), _own_keys(name, 5))
            )
    return named_modules


def _weighing(parts: Sequence[Part], prefix: str) -> list[NamedModule]:
    """The layers inside SE and ECA."""
    layers = []
    for part in parts:
        name = f"{prefix}{part.name}"
        if part.kind is PartKind.SQUEEZE:
            shapes = {"fc1": (part.size, part.channels), "fc2": (part.channels, part.size)}
            for layer, shape in shapes.items():
                keys = _own_keys(f"{name}.{layer}", 2 if part.bias else 1)
                whole = (*shape, 1, 1)
                layers.append(NamedModule(f"{name}.{layer}", ModuleKind.CONVOLUTION, whole, keys))
        elif part.kind is PartKind.NEIGHBOURS:
            keys = _own_keys(f"{name}.conv", 1)
            along = (1, 1, part.size)
            layers.append(NamedModule(f"{name}.conv", ModuleKind.OTHER, along, keys))
    return layers


def _own_keys(name: str, count: int) -> dict[str, str]:
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return {part: f"{name}.{part}" for part in parts[:count]}


def without_statistics(norm: NamedModule) -> NamedModule:
    """The same normalisation without running statistics."""
    keys = {part: key for part, key in norm.keys.items() if part in ("weight", "bias")}
    return replace(norm, kind=ModuleKind.SCALE, keys=keys)
