"""``ByLayer``: a read-only mapping from layer names to values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from resnet_viz.core.errors import LayerError, close_matches
from resnet_viz.records.read_only import freeze, shortened

T = TypeVar("T")


class ByLayer(Mapping[str, T]):
    """A read-only mapping from layer names, in order of execution, to values.

    Raises
    ------
    LayerError
        On lookup of a layer that was not measured; lists similar names.

    """

    def __init__(self, values: Mapping[str, T]) -> None:
        self._values = dict(values)
        self._names = tuple(self._values)
        self._make: Callable[[str], T] | None = None

    @classmethod
    def read_later(cls, names: Iterable[str], make: Callable[[str], T]) -> "ByLayer[T]":
        """Values that are made when they are first read: most of a record never is."""
        later: ByLayer[T] = cls({})
        later._names, later._make = tuple(names), make
        return later

    def __getstate__(self) -> dict[str, object]:
        return {"_values": dict(self), "_names": self._names, "_make": None}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.__dict__.update(state)
        freeze(self._values.values())

    def __repr__(self) -> str:
        return f"{len(self)} layers: {shortened(list(self))}"

    def __getitem__(self, name: str) -> T:
        if self._make is not None and name not in self._values and name in self._names:
            self._values.setdefault(name, self._make(name))
        try:
            return self._values[name]
        except KeyError:
            # A module that runs several times is stored as "name#1", "name#2", ...
            runs = ", ".join(key for key in self._names if key.rpartition("#")[0] == name)
            suggestions = runs or close_matches(name, list(self._names))
            code = "layer_runs" if runs else "layer_not_kept"
            raise LayerError(code, name=name, known=suggestions or "-", runs=runs) from None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
