"""``Explanations``: one method's maps of many images, merged into one record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from jaxtyping import Float

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import OptionError
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.read_only import shortened

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Explanations(Sequence[Explanation]):
    """The result of ``explain`` for several images; a sequence of ``Explanation``.

    Attributes
    ----------
    items
        One explanation for each image, in the order of the images.
    labels
        The true class of each image; None if they were not given.

    """

    items: tuple[Explanation, ...]
    labels: tuple[int, ...] | None = None

    @overload
    def __getitem__(self, place: int) -> Explanation: ...

    @overload
    def __getitem__(self, place: slice) -> "Self": ...

    def __getitem__(self, place: int | slice) -> "Explanation | Self":
        if isinstance(place, int):
            return self.items[place]
        labels = None if self.labels is None else self.labels[place]
        return type(self)(self.items[place], labels)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self.items)

    def __repr__(self) -> str:
        if not self.items:
            return f"{type(self).__name__}(no images)"
        blank = sum(one.blank is not None for one in self.items)
        made = list(dict.fromkeys(f"{one.method} at {one.place or 'input'}" for one in self.items))
        networks = shortened(list(dict.fromkeys(one.network for one in self.items)))
        return (
            f"{type(self).__name__}({len(self)} maps, {networks}, {shortened(made)}, {blank} blank)"
        )

    @property
    def maps(self) -> Float[np.ndarray, "images ..."]:
        """All maps as one array; ``OptionError`` if their sizes differ."""
        shapes = sorted({one.map.shape for one in self.items})
        if len(shapes) > 1:
            raise OptionError("maps_differ", shapes=", ".join(map(str, shapes)))
        maps = np.stack([one.map for one in self.items])
        maps.setflags(write=False)
        return maps

    @property
    def targets(self) -> tuple[int | None, ...]:
        """The explained class of each image; None for a target function."""
        return tuple(one.target for one in self.items)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per image and layer, with the true class if it is known."""
        import pandas as pd

        rows = []
        for number, one in enumerate(self.items):
            truth = {} if self.labels is None else {"true_class": self.labels[number]}
            rows += [{"image": number, **truth, **row} for row in one.rows()]
        return pd.DataFrame(rows)

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder."""
        manifest = {
            "labels": None if self.labels is None else list(self.labels),
            "items": [{**one.manifest(), "arrays": list(one.arrays())} for one in self.items],
        }
        arrays = {
            f"{number}/{name}": value
            for number, one in enumerate(self.items)
            for name, value in one.arrays().items()
        }
        save_record(Path(folder), "explanations", manifest, arrays)

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "explanations", cls._from_saved)

    @classmethod
    def _from_saved(cls, manifest: JsonObject, arrays: dict[str, np.ndarray]) -> "Self":
        items = [
            cls.item_type().from_saved(one, {name: arrays[f"{n}/{name}"] for name in one["arrays"]})
            for n, one in enumerate(manifest["items"])
        ]
        labels = manifest["labels"]
        return cls(tuple(items), None if labels is None else tuple(labels))

    @classmethod
    def item_type(cls) -> type[Explanation]:
        """The class of the items."""
        return Explanation
