"""Two values side by side: of a residual network and its plain twin, or of any two networks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True)
class Pair(Generic[T_co]):
    """Two values side by side; for twins the first is the residual network's.

    >>> Pair(20, 56).map(str)
    Pair(first='20', second='56')
    >>> [depth + error for depth, error in Pair(20, 56).join(Pair(8, 7))]
    [28, 63]
    """

    first: T_co
    second: T_co

    def map(self, function: Callable[[T_co], U]) -> "Pair[U]":
        """The same function of both values."""
        return Pair(function(self.first), function(self.second))

    def join(self, other: "Pair[U]") -> "Pair[tuple[T_co, U]]":
        """Each value with the one in the same place of another pair."""
        return Pair((self.first, other.first), (self.second, other.second))

    def __iter__(self) -> Iterator[T_co]:
        """The first value, then the second."""
        return iter((self.first, self.second))
