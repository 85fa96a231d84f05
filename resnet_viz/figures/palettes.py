"""From values to colours: palettes of 256 steps, and colour ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import plotly.colors
from jaxtyping import Float, UInt8

_TINY = 1e-30  # a range that single precision cannot divide by
_NOT_A_NUMBER = (128, 0, 128)  # no palette here has this colour


class Palette(StrEnum):
    """Palettes whose lightness rises with the value; the diverging one is white at zero."""

    VIRIDIS = "viridis"
    INFERNO = "inferno"
    GREY = "grey"
    DIVERGING = "diverging"


_ANCHORS = {
    Palette.VIRIDIS: plotly.colors.sequential.Viridis,
    Palette.INFERNO: plotly.colors.sequential.Inferno,
    Palette.GREY: ["#000000", "#ffffff"],
    Palette.DIVERGING: ["#40004b", "#9970ab", "#ffffff", "#5aae61", "#00441b"],
}


@dataclass(frozen=True)
class ColourRange:
    """The values shown by the first and by the last colour."""

    low: float
    high: float

    @classmethod
    def of(cls, *arrays: Float[np.ndarray, "..."]) -> "ColourRange":
        """From the lowest to the highest finite value of all arrays; 0 to 1 without any."""
        finite = [array[np.isfinite(array)] for array in arrays]
        values = [part for part in finite if part.size]
        if not values:
            return cls(0.0, 1.0)
        return cls(float(min(v.min() for v in values)), float(max(v.max() for v in values)))


@cache
def table(palette: Palette) -> UInt8[np.ndarray, "256 3"]:
    """The 256 colours of a palette, lowest value first."""
    anchors = np.array([_rgb(colour) for colour in _ANCHORS[palette]], np.float64)
    at = np.linspace(0, 1, len(anchors))
    steps = np.linspace(0, 1, 256)
    channels = [np.interp(steps, at, anchors[:, channel]) for channel in range(3)]
    return np.asarray(np.rint(np.stack(channels, axis=1)), np.uint8)


def colourise(
    values: Float[np.ndarray, "*shape"],
    colour_range: ColourRange,
    palette: Palette = Palette.VIRIDIS,
) -> UInt8[np.ndarray, "*shape 3"]:
    """The colour of each value, clipped to the range; purple for NaN."""
    span = colour_range.high - colour_range.low
    if 0 < span < _TINY:
        values = values.astype(np.float64)
    scaled = (values - colour_range.low) * (255 / (span if span > 0 else 1.0))
    lost = np.isnan(scaled)
    some_lost = bool(lost.any())
    if some_lost:
        scaled[lost] = 0
    steps = np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)
    pixels = np.take(table(palette), steps, axis=0)
    if some_lost:
        pixels[lost] = _NOT_A_NUMBER
    return pixels


def colour_bar(palette: Palette, *, width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
    """A horizontal bar of the palette, lowest value on the left."""
    row = table(palette)[np.linspace(0, 255, width).round().astype(np.uint8)]
    return np.repeat(row[None], height, axis=0)


def hex_colours(values: Sequence[float], palette: Palette) -> list[str]:
    """Colours for shares in [0, 1], as "#rrggbb"."""
    pixels = colourise(np.asarray(values, np.float64), ColourRange(0.0, 1.0), palette)
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in pixels.tolist()]


def _rgb(colour: str) -> tuple[int, ...]:
    if colour.startswith("#"):
        return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return tuple(int(part) for part in colour.strip("rgb()").split(","))
