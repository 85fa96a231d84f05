"""Values that nobody can change, also after copying and unpickling."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class ReadOnly(Mapping[str, T]):
    """A read-only mapping; unlike ``MappingProxyType`` it can be copied and pickled."""

    def __init__(self, values: Mapping[str, T]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> T:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{len(self)} values by name: {shortened(list(self))}"


class FrozenArrays:
    """A record whose arrays are read-only in every copy too; NumPy's copies are writable."""

    def __setstate__(self, state: Mapping[str, object]) -> None:
        freeze(state.values())
        self.__dict__.update(state)


def freeze(values: Iterable[object]) -> None:
    """Make the arrays among some values read-only."""
    for value in values:
        if isinstance(value, np.ndarray):
            value.setflags(write=False)


def shortened(names: list[str]) -> str:
    """Names for one line: the first two and the last of many."""
    if len(names) <= 4:
        return ", ".join(names)
    return f"{names[0]}, {names[1]}, ..., {names[-1]}"
