"""Values by layer name."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from resnet_viz.core.errors import LayerError, close_matches

T = TypeVar("T")


class ByLayer(Mapping[str, T]):
    """Values by layer name, in order of execution; an unknown name is a ``LayerError``."""

    def __init__(self, values: Mapping[str, T]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> T:
        try:
            return self._values[name]
        except KeyError:
            runs = ", ".join(key for key in self._values if key.rpartition("#")[0] == name)
            known = runs or close_matches(name, list(self._values))
            raise LayerError("layer_unknown", name=name, known=known) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
