"""Numbers with the spread that a verdict needs, as three entries of a finding's numbers."""

from collections.abc import Callable, Sequence
from math import inf

import numpy as np
from scipy.special import stdtrit

_RESAMPLES = 2000
_TAIL = 0.025  # on either side


def around_mean(
    name: str, values: Sequence[float], *, logarithmic: bool = False
) -> dict[str, float]:
    """Return the mean of repetitions and its 95 % interval (Student's t).

    With ``logarithmic`` it is the geometric mean, for ratios. One value has an infinite interval:
    nobody knows how a repetition would have come out.
    """
    good = np.asarray(values, np.float64)
    if logarithmic:
        with np.errstate(divide="ignore", invalid="ignore"):
            good = np.log(good)
    mean, half = float(good.mean()), inf
    if len(good) > 1:
        quantile = float(stdtrit(len(good) - 1, 1 - _TAIL))
        half = quantile * float(good.std(ddof=1)) / len(good) ** 0.5
    ends = (mean, mean - half, mean + half)
    return _entries(name, np.exp(ends).tolist() if logarithmic else list(ends))


def resampled(
    name: str, statistic: Callable[[np.ndarray], float], *samples: Sequence[float]
) -> dict[str, float]:
    """Return a statistic of paired samples and its 95 % interval (bootstrap, fixed seed).

    Parameters
    ----------
    name
        Name of the number.
    statistic
        Maps an array of shape (samples, length) to a number.
    *samples
        Samples of equal length; the same places of all are drawn, so pairs stay together.

    """
    values = np.asarray(samples, np.float64)
    if not values.size:
        return _entries(name, [float("nan")] * 3)
    generator = np.random.default_rng(0)
    places = generator.integers(0, values.shape[1], (_RESAMPLES, values.shape[1]))
    drawn = [statistic(values[:, place]) for place in places]
    low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    return _entries(name, [statistic(values), float(low), float(high)])


def spanned(name: str, value: float, values: Sequence[float]) -> dict[str, float]:
    """Return a value with the least and the largest of ``values`` as its spread."""
    return _entries(name, [value, min(values), max(values)])


def exact(name: str, value: float) -> dict[str, float]:
    """Return a value without spread, such as a count."""
    return _entries(name, [value] * 3)


def _entries(name: str, values: Sequence[float]) -> dict[str, float]:
    keys = (name, f"{name}_low", f"{name}_high")
    return {key: float(value) for key, value in zip(keys, values, strict=True)}
