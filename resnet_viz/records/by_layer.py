"""``ByLayer``: a read-only mapping from layer names to values."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from resnet_viz.core.errors import LayerError, close_matches

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

    def __getitem__(self, name: str) -> T:
        try:
            return self._values[name]
        except KeyError:
            # A module that runs several times is stored as "name#1", "name#2", ...
            runs = ", ".join(key for key in self._values if key.rpartition("#")[0] == name)
            suggestions = runs or close_matches(name, list(self._values))
            code = "layer_runs" if runs else "layer_not_kept"
            raise LayerError(code, name=name, known=suggestions or "-", runs=runs) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
