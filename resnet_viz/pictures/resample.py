"""Bilinear enlargement of maps."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32


def enlarge(
    maps: Float[np.ndarray, "batch h w"], height: int, width: int
) -> Float32[np.ndarray, "batch height width"]:
    """Interpolate bilinearly with pixel centres at i + 1/2, as most image libraries do.

    Equal to ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``.
    """
    rows, columns = _weights(maps.shape[1], height), _weights(maps.shape[2], width)
    return np.asarray(rows @ maps.astype(np.float32) @ columns.T)


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
