"""A value of a residual network beside its plain twin's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Pair(Generic[T]):
    """A residual network's value beside its plain twin's."""

    residual: T
    plain: T

    def map(self, function: Callable[[T], U]) -> "Pair[U]":
        """The same function for both."""
        return Pair(function(self.residual), function(self.plain))

    def items(self) -> tuple[tuple[str, T], tuple[str, T]]:
        """("residual", ...) and ("plain", ...), in this order everywhere."""
        return ("residual", self.residual), ("plain", self.plain)
