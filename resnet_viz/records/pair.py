"""``Pair``: two values, such as those of a residual network and its plain twin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True)
class Pair(Generic[T_co]):
    """Two values of one type, one for each of two networks.

    For twins, the first is the residual network's.

    >>> Pair(20, 56).map(str)
    Pair(first='20', second='56')
    >>> [depth + error for depth, error in Pair(20, 56).join(Pair(8, 7))]
    [28, 63]
    """

    first: T_co
    second: T_co

    def map(self, function: Callable[[T_co], U]) -> "Pair[U]":
        """Return the pair of ``function(first)`` and ``function(second)``."""
        return Pair(function(self.first), function(self.second))

    def join(self, other: "Pair[U]") -> "Pair[tuple[T_co, U]]":
        """Return the pair of tuples (this pair's value, the other pair's value)."""
        return Pair((self.first, other.first), (self.second, other.second))

    def __iter__(self) -> Iterator[T_co]:
        """Iterate over the first value, then the second."""
        return iter((self.first, self.second))
