"""``Comparison``: two networks on one picture, such as a residual network and its plain twin."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, make_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

import numpy as np
from jaxtyping import UInt8

from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import LayerError, close_matches
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.records.analysis import Analysis
from resnet_viz.records.footing import Footing
from resnet_viz.records.pair import Pair
from resnet_viz.records.read_only import FrozenArrays
from resnet_viz.records.role import Role
from resnet_viz.spec import NetworkSpec, ZooSpec

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

#: Modules of a block that are shown side by side; a plain block has only the branch.
BLOCK_PARTS = ("branch", "shortcut", "join")


class WeightSource(StrEnum):
    """Where a network's weights come from."""

    BUNDLED = "bundled"  # trained by this project, part of the repository
    PRETRAINED = "pretrained"  # torchvision's ImageNet weights, downloaded on demand
    RANDOM = "random"  # initialised from a seed
    FILE = "file"  # a file of the user's
    LESION = "lesion"  # the weights of a residual network, with its shortcuts removed


def counterpart(name: str, ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Return the one of ``theirs`` at the share of the way at which ``name`` is among ``ours``.

    >>> counterpart("b", ["a", "b"], ["a", "b", "c", "d"])
    'd'
    """
    share = ours.index(name) / max(1, len(ours) - 1)
    return theirs[round(share * (len(theirs) - 1))]


@dataclass(frozen=True, eq=False, repr=False)
class Side:
    """One network of a comparison and its analysis.

    Attributes
    ----------
    role
        Determined by both networks (``roles_of``), or by this one if shown alone (``role_alone``).
    spec
        The architecture.
    source
        Where the weights come from.
    weights
        Name of the source or of the weights file.
    seed
        Seed of random weights, else None.
    classes
        Class names by index.
    analysis
        Analysis of one image. Its layers are ``main_layers`` and the ``BLOCK_PARTS`` of each
        block.
    main_layers
        Convolutions, blocks and the head, in order of execution.
    path
        Path of the weights file, else None.
    footing
        How the network was trained; None if that is not known, or it was not trained.

    """

    role: Role
    spec: NetworkSpec | ZooSpec
    source: WeightSource
    weights: str
    seed: int | None
    classes: tuple[str, ...]
    analysis: Analysis
    main_layers: tuple[str, ...]
    path: str | None = None
    footing: Footing | None = None

    def __repr__(self) -> str:
        best = next(iter(self.analysis.predictions(self.classes, top=1)), None)
        says = "" if best is None else f", {best.label} {best.probability:.0%}"
        return f"{type(self).__name__}({self.role}: {self.spec.name}, {self.weights}{says})"

    @property
    def target_label(self) -> str:
        """Name of the target class; "" for a target function."""
        targets = self.analysis.targets
        return "" if targets is None else self.classes[int(targets[0])]

    @property
    def pickable(self) -> list[str]:
        """Main layers with a Grad-CAM map, in order of execution."""
        return [name for name in self.main_layers if name in self.analysis.cams]

    @property
    def nbytes(self) -> int:
        """Size of the arrays in bytes; shared memory is counted once."""
        arrays = [*self.analysis.features.values(), *self.analysis.cams.values()]
        return sum({a.__array_interface__["data"][0]: a.nbytes for a in arrays}.values())


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(FrozenArrays):
    """The result of ``compare``: two networks on one picture.

    Attributes
    ----------
    name
        Name of the picture, safe to display.
    digest
        Hash of the picture's pixels.
    seen
        The picture as the networks see it, RGB at their input resolution.
    photo
        The same part of the picture at display resolution.
    target
        Target class of both networks; None if each explains its own prediction.
    sides
        The two networks.

    """

    name: str
    digest: str
    seen: UInt8[np.ndarray, "size size 3"]
    photo: UInt8[np.ndarray, "side side 3"]
    target: int | None
    sides: Pair[Side]

    def __repr__(self) -> str:
        first, second = (repr(side).partition("(")[2][:-1] for side in self.sides)
        return f"{type(self).__name__}({self.name}; {first}; {second})"

    @property
    def first(self) -> Side:
        """The first network; of twins the residual one."""
        return self.sides.first

    @property
    def second(self) -> Side:
        """The second network; of twins the plain one."""
        return self.sides.second

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per network, image and layer, as ``Analysis.to_frame``."""
        import pandas as pd

        frames = []
        for side in self.sides:
            frame = side.analysis.to_frame()
            frame.insert(0, "network", side.spec.name)
            frame.insert(0, "role", side.role.value)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder."""
        plain = {name: getattr(self, name) for name in ("name", "digest", "target")}
        arrays = {"seen": self.seen, "photo": self.photo}
        for place, side in zip(_PLACES, self.sides, strict=True):
            kept = side.analysis.arrays()
            arrays |= {f"{place}/{name}": value for name, value in kept.items()}
        sides = dict(zip(_PLACES, map(_side_values, self.sides), strict=True))
        save_record(Path(folder), "comparison", {**plain, "sides": sides}, arrays)

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "comparison", cls._from_saved)

    @classmethod
    def _from_saved(cls, manifest: JsonObject, arrays: dict[str, np.ndarray]) -> "Self":
        sides = []
        for place in _PLACES:
            own = {
                name.removeprefix(f"{place}/"): value
                for name, value in arrays.items()
                if name.startswith(f"{place}/")
            }
            sides.append(_side_from(manifest["sides"][place], own, cls.analysis_type()))
        return cls(
            name=manifest["name"],
            digest=manifest["digest"],
            seen=arrays["seen"],
            photo=arrays["photo"],
            target=manifest["target"],
            sides=Pair(*sides),
        )

    @classmethod
    def analysis_type(cls) -> type[Analysis]:
        """The class of the analyses."""
        return Analysis

    @property
    def twins(self) -> bool:
        """Whether the second network is the plain twin of the first."""
        return self.sides.first.role is Role.RESIDUAL

    @property
    def layers(self) -> list[str]:
        """Layers that can be selected: the first network's main layers with maps, in order.

        If both networks have the same blocks, the second must have the layer too.
        """
        first, second = self.sides.first, self.sides.second
        if not self._same_blocks:
            return first.pickable
        return [name for name in first.pickable if name in second.pickable]

    def layers_at(self, layer: str) -> Pair[str]:
        """Return a layer of the first network and its counterpart in the second.

        The counterpart has the same name if both networks have the same blocks. Otherwise it is
        the layer at the same relative depth; a block's counterpart is a block. Raises
        ``LayerError``, which lists close matches, for a layer that the first network lacks.
        """
        if layer not in self.sides.first.analysis.features:
            known = close_matches(layer, self.layers or list(self.sides.first.analysis.features))
            raise LayerError("layer_unknown", name=layer, known=known)
        if self._same_blocks:
            return Pair(layer, layer)
        first, second = self.sides.first, self.sides.second
        candidates = Pair(first.pickable, second.pickable)
        if layer in first.spec.blocks():
            candidates = Pair(first.spec.blocks(), second.spec.blocks())
        return Pair(layer, counterpart(layer, *candidates))

    @property
    def _same_blocks(self) -> bool:
        first, second = self.sides.first.spec, self.sides.second.spec
        return first.blocks() == second.blocks()


_PLACES = ("first", "second")


#: A side without its analysis, as JSON knows it.
_SideFacts = make_dataclass(
    "_SideFacts",
    [(name, kind) for name, kind in get_type_hints(Side).items() if name != "analysis"],
)


def _side_values(side: Side) -> JsonObject:
    facts = _SideFacts(**{field.name: getattr(side, field.name) for field in fields(_SideFacts)})
    return {**encode(facts), "analysis": side.analysis.manifest()}


def _side_from(values: JsonObject, arrays: dict[str, np.ndarray], kind: type[Analysis]) -> Side:
    facts = dict(vars(decode(_SideFacts, values)))
    return Side(**facts, analysis=kind.from_saved(values["analysis"], arrays))
