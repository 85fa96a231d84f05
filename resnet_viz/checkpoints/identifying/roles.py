"""The modules of a file in their roles: branch, shortcut, normalisation, head."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from resnet_viz.checkpoints.identifying.named_modules import Found, FoundKind
from resnet_viz.spec import Block, NetworkSpec
from resnet_viz.spec.parts import Part, PartKind
from resnet_viz.spec.plan import plan


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Modules by role, each in order of execution.

    ``main`` are the stem's and the branches' convolutions, ``aside`` those of the shortcuts.
    """

    main: tuple[Found, ...]
    main_norms: tuple[Found, ...]
    aside: tuple[Found, ...]
    aside_norms: tuple[Found, ...]
    heads: tuple[Found, ...]
    rest: tuple[Found, ...]

    @property
    def block(self) -> Block:
        """Bottleneck where every 3x3 convolution stands between two 1x1."""
        kernels = [module.shape[2] for module in (*self.main, *self.aside)][1:]
        return Block.BOTTLENECK if kernels.count(1) >= 2 * kernels.count(3) else Block.BASIC


def skeleton(found: Sequence[Found]) -> Skeleton:
    """Roles by shape and order; by name only which 1x1 convolution stands aside."""
    convolutions = [m for m in found if m.kind is FoundKind.CONVOLUTION]
    aside = _aside(convolutions)
    kinds = (FoundKind.NORM, FoundKind.SCALE)
    norms = [m for m in found if m.kind in kinds]
    main = tuple(m for m in convolutions if m not in aside)
    aside_norms = _aside_norms(found, main, aside, norms)
    return Skeleton(
        main=main,
        main_norms=tuple(m for m in norms if m not in aside_norms),
        aside=tuple(aside),
        aside_norms=tuple(aside_norms),
        heads=tuple(m for m in found if m.kind is FoundKind.LINEAR),
        rest=tuple(m for m in found if m.kind is FoundKind.OTHER),
    )


def _aside(convolutions: Sequence[Found]) -> list[Found]:
    behind = convolutions[1:]
    narrow = [m for m in behind if m.shape[2] == 1]
    wide = len(behind) - len(narrow)
    if len(narrow) < 2 * wide or not wide:
        return narrow  # basic blocks have no 1x1 convolution on their branch
    named = [m for m in narrow if m.aside]
    if len(named) == len(narrow) - 2 * wide:
        return named
    return _fourth_in_block(behind)


def _fourth_in_block(behind: Sequence[Found]) -> list[Found]:
    """Of 1x1, 3x3, 1x1, 1x1 the last, unless a 3x3 follows: then it opens the next block."""
    aside, place = [], 0
    kernels = [m.shape[2] for m in behind]
    while place < len(behind):
        place += 3
        if place < len(behind) and (place + 1 >= len(behind) or kernels[place + 1] == 1):
            aside.append(behind[place])
            place += 1
    return aside


def _aside_norms(
    found: Sequence[Found], main: Sequence[Found], aside: Sequence[Found], norms: Sequence[Found]
) -> list[Found]:
    """The normalisation of each shortcut: beside it by name, else right behind it."""
    if len(norms) != len(main) + len(aside):
        return []
    homes = {m.parent for m in aside} - {m.parent for m in main}
    near = [m for m in norms if m.parent in homes]
    if len(near) == len(aside):
        return near
    named = [m for m in norms if m.aside]
    if len(named) == len(aside):
        return named
    following = []
    for place, module in enumerate(found):
        if module in aside:
            following += [m for m in found[place + 1 :] if m in norms][:1]
    return following


def planned(spec: NetworkSpec) -> Skeleton:
    """The same roles as a spec has them; names are those of our own state dict."""
    layout = plan(spec)
    main = [*_named(layout.stem, "")]
    aside: list[Found] = []
    channels = spec.input_channels
    for block in layout.blocks:
        main += _named(block.branch, f"{block.name}.")
        aside += _named(block.around, f"{block.name}.")
    main += _named(layout.last, "")
    head = Found("fc", FoundKind.LINEAR, (spec.classes, layout.out_channels), _own_keys("fc", 2))
    assert channels
    kinds = (FoundKind.NORM, FoundKind.SCALE)
    return Skeleton(
        main=tuple(m for m in main if m.kind is FoundKind.CONVOLUTION),
        main_norms=tuple(m for m in main if m.kind in kinds),
        aside=tuple(m for m in aside if m.kind is FoundKind.CONVOLUTION),
        aside_norms=tuple(m for m in aside if m.kind in kinds),
        heads=(head,),
        rest=(),
    )


def _named(parts: Sequence[Part], prefix: str) -> list[Found]:
    found = []
    for part in parts:
        name = prefix + part.name
        if part.kind is PartKind.CONVOLUTION and part.convolution is not None:
            c = part.convolution
            shape = (c.out_channels, c.in_channels // c.groups, c.kernel, c.kernel)
            found.append(Found(name, FoundKind.CONVOLUTION, shape, _own_keys(name, 1)))
        elif part.kind is PartKind.NORM:
            found.append(Found(name, FoundKind.NORM, (part.channels,), _own_keys(name, 5)))
    return found


def _own_keys(name: str, count: int) -> dict[str, str]:
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return {part: f"{name}.{part}" for part in parts[:count]}


def without_statistics(norm: Found) -> Found:
    """A normalisation that keeps no running statistics."""
    keys = {part: key for part, key in norm.keys.items() if part in ("weight", "bias")}
    return replace(norm, kind=FoundKind.SCALE, keys=keys)
