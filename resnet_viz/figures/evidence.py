"""Maps as evidence on a grey photograph: every method, signed or not, on equal ground.

What counts for the class is lit yellow, what counts against it violet, and where a map is zero the
photograph shows. So maps of different methods can be compared by eye.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from resnet_viz.pictures.resample import enlarge

_FOR, _AGAINST = (255, 214, 10), (91, 20, 255)
_DARKEST, _LIGHTEST = 48, 176  # of the photograph, so that both colours stand out on all of it
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601
OPACITY = 0.9  # of the full colour
_STRONGEST = 99  # percent of all values that the colours tell apart


def grey_ground(
    photo: UInt8[np.ndarray, "height width 3"],
) -> UInt8[np.ndarray, "height width 3"]:
    """The photograph in greys, none of them near black or white."""
    grey = photo.astype(np.float32) @ np.asarray(_LUMA, np.float32)
    narrowed = _DARKEST + grey * ((_LIGHTEST - _DARKEST) / 255)
    return np.repeat(np.rint(narrowed).astype(np.uint8)[..., None], 3, axis=2)


def evidence_top(maps: Sequence[Float[np.ndarray, "..."]]) -> float:
    """The size of value that gets the full colour: 99 % of all values are smaller; 1 if none is.

    The strongest pixels of a gradient are so strong that on a scale up to them nothing else shows.
    """
    sizes = np.concatenate([np.abs(one[np.isfinite(one)]).ravel() for one in maps])
    if not sizes.size or not sizes.any():
        return 1.0
    top = float(np.percentile(sizes, _STRONGEST))
    return top if top > 0 else float(sizes.max())


def evidence_tops(maps: Sequence[Float[np.ndarray, "..."]], *, own: bool) -> list[float]:
    """``evidence_top`` of each map, of all of them together unless ``own``."""
    return [evidence_top([one] if own else maps) for one in maps]


def evidence(
    ground: UInt8[np.ndarray, "height width 3"],
    values: Float[np.ndarray, "h w"],
    top: float,
    *,
    opacity: float = OPACITY,
) -> UInt8[np.ndarray, "height width 3"]:
    """The map over a grey ground; values that are not finite show as zero."""
    height, width = ground.shape[:2]
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    enlarged = enlarge((finite / top)[None], height, width)[0]
    share = np.clip(np.abs(enlarged), 0, 1)[..., None] * np.float32(opacity)
    colours = np.where(
        enlarged[..., None] >= 0, np.asarray(_FOR, np.float32), np.asarray(_AGAINST, np.float32)
    )
    return np.asarray(np.rint(ground + share * (colours - ground)), np.uint8)


def evidence_bar(
    *, signed: bool, width: int, height: int, opacity: float = OPACITY
) -> UInt8[np.ndarray, "height width 3"]:
    """The colours from the lowest to the highest value, on a ground of middle grey."""
    steps = np.linspace(-1.0 if signed else 0.0, 1, width, dtype=np.float32)
    ground = np.full((height, width, 3), (_DARKEST + _LIGHTEST) // 2, np.uint8)
    return evidence(ground, np.repeat(steps[None], height, axis=0), 1.0, opacity=opacity)


def thumbnail(
    pixels: UInt8[np.ndarray, "height width 3"], side: int
) -> UInt8[np.ndarray, "side side 3"]:
    """The picture at ``side`` pixels, sharp."""
    rows, columns = (np.linspace(0, n - 1, side).round().astype(int) for n in pixels.shape[:2])
    return np.asarray(pixels[rows][:, columns])
