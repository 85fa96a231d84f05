"""Constructors of the curves and matrices of a finding."""

from collections.abc import Iterable, Sequence

import numpy as np
from torch import Tensor

from resnet_viz.records import Curve, Matrix
from resnet_viz.spec import Kind


def curve(
    name: str,
    x: Iterable[float],
    y: Iterable[float],
    names: Sequence[str] = (),
    kind: Kind | None = None,
    *,
    spread: tuple[Iterable[float], Iterable[float]] | None = None,
    note: str = "",
) -> Curve:
    """Return a curve, with the ends of its spread if it has one.

    Without ``kind``, the name "residual" or "plain" determines it.
    """
    if kind is None and name in list(Kind):
        kind = Kind(name)
    low, high = (None, None) if spread is None else map(_array, spread)
    return Curve(name, _array(x), _array(y), kind, tuple(names), low, high, note)


def matrix(
    name: str, rows: Sequence[str], columns: Sequence[str], values: Tensor | np.ndarray
) -> Matrix:
    """Return a matrix with row and column labels."""
    return Matrix(name, tuple(rows), tuple(columns), _array(values))


def _array(values: Iterable[float] | Tensor | np.ndarray) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().numpy()
    array = np.array(values if isinstance(values, np.ndarray) else list(values), np.float64)
    array.setflags(write=False)
    return array
