"""A finding as a small picture without words, for a card: it can be blurred and still be told."""

import base64
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64, UInt8

from resnet_viz.figures.curve_labels import curve_style, drawn_heights
from resnet_viz.figures.finding_matrices import coloured, shared_scale
from resnet_viz.figures.map_overlays import enlarge_pixels, overlay
from resnet_viz.figures.palettes import ColourRange, Palette, colourise
from resnet_viz.figures.small_multiples import photograph
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Curve, Finding, Mark, Matrix, Panel

_WIDTH, _HEIGHT = 320.0, 150.0
_EDGE = 8.0  # free around plots
_GAP = 6.0  # between pictures
_MOST_POINTS = 80  # of a line
_OPACITY = 0.6  # of a map on its photograph

_Box = tuple[float, float, float, float]  # left, top, width, height


def finding_thumbnail(finding: Finding) -> str:
    """The leading panels of a finding as an SVG of 320 x 150, without words."""
    panels = finding.leading
    parts: list[str] = []
    for number, panel in enumerate(panels):
        box = _share(number, len(panels), stacked=panel.mark is Mark.MAPS)
        parts += _drawn(panel, box, shared_scale(panels))
    size = f"{_WIDTH} {_HEIGHT}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">{"".join(parts)}</svg>'


def _share(number: int, count: int, *, stacked: bool) -> _Box:
    """A panel's part of the picture: one below the other, or side by side."""
    if stacked:
        return 0.0, number * _HEIGHT / count, _WIDTH, _HEIGHT / count
    return number * _WIDTH / count, 0.0, _WIDTH / count, _HEIGHT


def _drawn(panel: Panel, box: _Box, scale: tuple[float, float] | None) -> Iterator[str]:
    if panel.matrix is not None:
        values = coloured(panel.matrix, log=panel.log_y)
        low, high = scale or (0.0, 1.0)
        yield from _pictures([colourise(values, ColourRange(low, high))], box)
    elif panel.mark is Mark.MAPS:
        yield from _pictures([_map(one, panel) for one in panel.maps], box)
    elif panel.mark is Mark.ROWS:
        left, top, width, height = box
        each = height / len(panel.curves)
        for number, curve in enumerate(panel.curves):
            yield from _curves(panel, [curve], (left, top + number * each, width, each))
    else:
        yield from _curves(panel, panel.curves, box)


def _map(one: Matrix, panel: Panel) -> UInt8[np.ndarray, "height width 3"]:
    photo = photograph(panel)
    whole = ColourRange(0.0, 1.0)
    if photo is None:
        return colourise(one.values, whole)
    return overlay(photo, one.values, whole, opacity=_OPACITY, palette=Palette.VIRIDIS)


def _pictures(pictures: Sequence[UInt8[np.ndarray, "h w 3"]], box: _Box) -> Iterator[str]:
    """Square pictures side by side, as large as they fit, with sharp pixels."""
    left, top, width, height = box
    side = min(height - _GAP, (width - _GAP) / len(pictures) - _GAP)
    start = left + (width - len(pictures) * (side + _GAP) + _GAP) / 2
    for number, pixels in enumerate(pictures):
        large = enlarge_pixels(pixels, max(1, 128 // pixels.shape[0]))
        source = base64.b64encode(to_png(large)).decode()
        yield (
            f'<image x="{start + number * (side + _GAP):.1f}" y="{top + (height - side) / 2:.1f}"'
            f' width="{side:.1f}" height="{side:.1f}" href="data:image/png;base64,{source}"/>'
        )


def _curves(panel: Panel, curves: Sequence[Curve], box: _Box) -> Iterator[str]:
    points = [_points(curve, log=panel.log_y) for curve in curves]
    there = [one for one in points if one.size]
    if not there:
        return
    every = np.concatenate(there, axis=1)
    low, high = every.min(axis=1), every.max(axis=1)
    span = np.where(high > low, high - low, 1.0)
    left, top, width, height = box
    edge = min(_EDGE, height / 6)
    for curve, one in zip(curves, points, strict=True):
        share = (one - low[:, None]) / span[:, None]
        x = left + edge + share[0] * (width - 2 * edge)
        y = top + height - edge - share[1] * (height - 2 * edge)
        colour, dash = curve_style(panel.curves, curve)
        if panel.mark is Mark.BARS:
            yield from _bars(x, y, top + height - edge, colour)
            continue
        if panel.mark is Mark.POINTS:
            yield from (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>'
                        for a, b in zip(x, y, strict=True))  # fmt: skip
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        dashes = "" if dash == "solid" else ' stroke-dasharray="6 4"'
        yield (
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"'
            f' stroke-linejoin="round"{dashes}/>'
        )


def _bars(x: np.ndarray, y: np.ndarray, bottom: float, colour: str) -> Iterator[str]:
    width = max(1.0, float(np.ptp(x)) / max(len(x), 1) * 0.7)
    for a, b in zip(x, y, strict=True):
        yield (
            f'<rect x="{a - width / 2:.1f}" y="{b:.1f}" width="{width:.1f}"'
            f' height="{bottom - b:.1f}" fill="{colour}"/>'
        )


def _points(curve: Curve, *, log: bool) -> Float64[np.ndarray, "2 points"]:
    """The points that the axes can show, thinned out."""
    heights = drawn_heights(curve, log=log)
    shown = np.flatnonzero(np.isfinite(heights) & np.isfinite(curve.x))
    shown = shown[:: max(1, -(-len(shown) // _MOST_POINTS))]
    return np.stack([curve.x[shown], heights[shown]]).astype(np.float64)
