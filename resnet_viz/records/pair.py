"""A value of a residual network beside its plain twin's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True)
class Pair(Generic[T_co]):
    """A residual network's value beside its plain twin's."""

    residual: T_co
    plain: T_co

    def map(self, function: Callable[[T_co], U]) -> "Pair[U]":
        """The same function for both."""
        return Pair(function(self.residual), function(self.plain))

    def items(self) -> tuple[tuple[str, T_co], tuple[str, T_co]]:
        """("residual", ...) and ("plain", ...), in this order everywhere."""
        return ("residual", self.residual), ("plain", self.plain)
