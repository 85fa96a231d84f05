"""Panels as plain SVG for paper: black on white, told apart by dashes and letters."""

import math
from collections.abc import Sequence
from html import escape
from string import ascii_lowercase

import numpy as np

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.curve_labels import curve_label, point_label
from resnet_viz.records import Curve, Mark, Panel

_WIDTH, _HEIGHT = 640, 260  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 14, 44
_DASHES = ("", "8 4", "2 4", "8 4 2 4", "14 4", "14 4 2 4", "4 8")
_GREYS = ("#000", "#999", "#555", "#ccc")
_LEGEND_LINE = 16  # pixels
_TICKS = 5


def printed_axes(panel: Panel, text: Text) -> str:
    """Return empty axes with their titles, to sketch into."""
    return _svg(_frame(panel, text), _HEIGHT)


def printed_panel(panel: Panel, text: Text) -> str:
    """Return a panel of curves, points or bars; "" for maps, which paper does not show."""
    if not panel.curves:
        return ""
    if panel.mark is Mark.BARS:
        return _bars(panel, text)
    x = np.concatenate([curve.x for curve in panel.curves])
    heights = np.concatenate([_heights(curve, panel) for curve in panel.curves])
    good = heights[np.isfinite(heights)]
    ends = (float(x.min()), float(x.max()), float(good.min()), float(good.max()))
    parts = [_frame(panel, text), _ticks(ends, panel)]
    names = list(dict.fromkeys(curve.name for curve in panel.curves))
    for curve in panel.curves:
        parts.append(_line(curve, panel, ends, names.index(curve.name)))
    labels = [curve_label(next(c for c in panel.curves if c.name == n), text) for n in names]
    parts += [_legend(labels, dashed=True)]
    return _svg("".join(parts), _HEIGHT + _LEGEND_LINE * len(names))


def _svg(content: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-size="12" font-family="inherit">{content}</svg>'
    )


def _frame(panel: Panel, text: Text) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    x, y = (escape(text(f"experiments.axes.{axis}")) for axis in (panel.x, panel.y))
    middle = (_TOP + bottom) / 2
    return (
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#000"/>'
        f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{x}</text>'
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{y}</text>'
    )


def _heights(curve: Curve, panel: Panel) -> np.ndarray:
    """Return the values as the axis shows them; NaN where it cannot."""
    y = np.where(np.isfinite(curve.y), curve.y, np.nan)
    if not panel.log_y:
        return y
    values: np.ndarray = np.log10(np.where(y > 0, y, np.nan))
    return values


def _place(x: float, y: float, ends: tuple[float, float, float, float]) -> tuple[float, float]:
    left, right, low, high = ends
    across = (x - left) / ((right - left) or 1)
    up = (y - low) / ((high - low) or 1)
    return (
        _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
        _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
    )


def _line(
    curve: Curve, panel: Panel, ends: tuple[float, float, float, float], number: int
) -> str:  # fmt: skip
    places = [
        _place(float(x), float(y), ends)
        for x, y in zip(curve.x, _heights(curve, panel), strict=True)
        if math.isfinite(y)
    ]
    if panel.mark is Mark.POINTS:
        letter = f'text-anchor="middle">{ascii_lowercase[number]}</text>'
        return "".join(f'<text x="{x:.1f}" y="{y + 4:.1f}" {letter}' for x, y in places)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = _DASHES[number % len(_DASHES)]
    end_x, end_y = places[-1]
    return (
        f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="1.5" '
        f'stroke-dasharray="{dash}"/>'
        f'<text x="{end_x + 6:.1f}" y="{end_y + 4:.1f}">{ascii_lowercase[number]}</text>'
    )


def _ticks(ends: tuple[float, float, float, float], panel: Panel) -> str:
    left, right, low, high = ends
    parts = []
    for value in np.linspace(low, high, _TICKS):
        _, y = _place(left, float(value), ends)
        shown = readable(10 ** float(value) if panel.log_y else float(value), 2)
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>')
    for value in np.linspace(left, right, _TICKS):
        x, _ = _place(float(value), low, ends)
        shown = readable(float(value), 2)
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{shown}</text>'
        )
    return "".join(parts)


def _legend(labels: Sequence[str], *, dashed: bool) -> str:
    rows = []
    for number, label in enumerate(labels):
        y = _HEIGHT + _LEGEND_LINE * (number + 0.5)
        mark = (
            f'<line x1="{_LEFT}" x2="{_LEFT + 40}" y1="{y}" y2="{y}" stroke="#000" '
            f'stroke-dasharray="{_DASHES[number % len(_DASHES)]}"/>'
            if dashed
            else f'<rect x="{_LEFT}" y="{y - 6}" width="40" height="10" stroke="#000" '
            f'fill="{_GREYS[number % len(_GREYS)]}"/>'
        )
        rows.append(
            f'{mark}<text x="{_LEFT + 48}" y="{y + 4}">{ascii_lowercase[number]} {label}</text>'
        )
    return "".join(rows)


def _bars(panel: Panel, text: Text) -> str:
    names = next((curve.names for curve in panel.curves if curve.names), ())
    highest = max(float(np.nanmax(curve.y)) for curve in panel.curves) or 1.0
    count = max(len(curve.y) for curve in panel.curves)
    ends = (0.0, float(count), 0.0, highest)
    wide = 0.8 / len(panel.curves)
    parts = [_frame(panel, text)]
    for number, curve in enumerate(panel.curves):
        for place, value in enumerate(curve.y):
            left, top = _place(place + 0.1 + number * wide, float(value), ends)
            right, bottom = _place(place + 0.1 + (number + 1) * wide, 0.0, ends)
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
                f'height="{bottom - top:.1f}" stroke="#000" fill="{_GREYS[number % len(_GREYS)]}"/>'
                f'<text x="{(left + right) / 2:.1f}" y="{top - 3:.1f}" text-anchor="middle" '
                f'font-size="10">{readable(float(value), 3)}</text>'
            )
    for place, name in enumerate(names):
        x, _ = _place(place + 0.5, 0.0, ends)
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle" '
            f'font-size="10">{point_label(name, text)}</text>'
        )
    parts.append(_legend([curve_label(curve, text) for curve in panel.curves], dashed=False))
    return _svg("".join(parts), _HEIGHT + _LEGEND_LINE * len(panel.curves))
