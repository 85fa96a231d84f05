"""Linear enlargement of maps along each of their axes."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32


def enlarge(maps: Float[np.ndarray, "batch ..."], *sides: int) -> Float32[np.ndarray, "batch ..."]:
    """Interpolate linearly along each axis, pixel centres at i + 1/2, as most image libraries do.

    Equal to ``torch.nn.functional.interpolate(align_corners=False)`` with "linear", "bilinear" or
    "trilinear".
    """
    values = maps.astype(np.float32)
    for axis, side in enumerate(sides, 1):
        weights = _weights(values.shape[axis], side)
        values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    return np.ascontiguousarray(values)


def sides_of(size: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """A size as one side per axis; an int means equal sides."""
    return (size,) * axes if isinstance(size, int) else tuple(size)


@lru_cache(maxsize=64)
def _weights(source: int, target: int) -> Float32[np.ndarray, "target source"]:
    position = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, source - 1)
    fraction = (position - below).astype(np.float32)
    weights = np.zeros((target, source), np.float32)
    np.add.at(weights, (np.arange(target), below), 1 - fraction)
    np.add.at(weights, (np.arange(target), above), fraction)
    weights.setflags(write=False)
    return weights
