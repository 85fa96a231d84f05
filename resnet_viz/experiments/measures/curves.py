"""Numbers to the curves and matrices of a finding."""

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
) -> Curve:
    """A curve; one called "residual" or "plain" has that kind's colour."""
    own = Kind(name) if kind is None and name in list(Kind) else kind
    return Curve(name, _array(x), _array(y), own, tuple(names))


def matrix(
    name: str, rows: Sequence[str], columns: Sequence[str], values: Tensor | np.ndarray
) -> Matrix:
    """A matrix with what stands on its axes."""
    return Matrix(name, tuple(rows), tuple(columns), _array(values))


def _array(values: Iterable[float] | Tensor | np.ndarray) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().numpy()
    array = np.array(values if isinstance(values, np.ndarray) else list(values), np.float64)
    array.setflags(write=False)
    return array
