"""Names, colours and end labels of the curves of a finding."""

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import SERIES, STYLES
from resnet_viz.records import Curve, Panel, Role

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_OF_DEPTH = re.compile(r"(plain|resnet|residual)-?(\d+)(.*)")
_LEAST_GAP = 0.055  # of the height, between two labels
_CHARACTER = 7.0  # pixels
_FIRST_WIDE = 0x2E80  # the first code point of East Asian scripts


def curve_label(curve: Curve, text: Text) -> str:
    """A curve's name in a language, if it has a translation."""
    of_depth = _OF_DEPTH.fullmatch(curve.name)
    if of_depth:
        form, depth, rest = of_depth.groups()
        return escape(text(f"experiments.curves.{form}_depth", depth=depth, rest=rest))
    key = f"experiments.curves.{curve.name}"
    return escape(text(key) if text.has(key) else curve.name)


def point_label(name: str, text: Text) -> str:
    """The name of a point in a language, if it has a translation."""
    key = f"experiments.points.{name}"
    return escape(text(key) if text.has(key) else name)


def curve_style(curves: Sequence[Curve], curve: Curve) -> tuple[str, str]:
    """Colour by kind, dash by place among the names of that kind."""
    names = list(dict.fromkeys(other.name for other in curves if other.kind is curve.kind))
    before = names.index(curve.name)
    if curve.kind is None:
        return SERIES[before % len(SERIES)], _DASHES[before // len(SERIES) % len(_DASHES)]
    return STYLES[Role(curve.kind)].colour, _DASHES[before % len(_DASHES)]


def has_end_labels(panel: Panel) -> bool:
    """Whether the curves are named at their right ends: they have notes and end apart."""
    if not panel.curves or not all(curve.note for curve in panel.curves):
        return False
    ends = [float(curve.y[-1]) for curve in panel.curves if np.isfinite(curve.y[-1])]
    return not ends or max(ends) > 1.01 * min(ends)


def label_ends(figure: go.Figure, panel: Panel, text: Text, *, gap: float = _LEAST_GAP) -> None:
    """Name and note of each curve at its right end, ``gap`` of the height apart or more."""
    labels = [f"{curve_label(curve, text)} {escape(curve.note)}" for curve in panel.curves]
    every = np.concatenate([drawn_heights(curve, log=panel.log_y) for curve in panel.curves])
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    span = (high - low) or 1.0
    ends = [float(curve.x[-1]) for curve in panel.curves]
    for end in dict.fromkeys(ends):
        here = [n for n, other in enumerate(ends) if other == end]
        heights = [_end(panel.curves[n], log=panel.log_y) for n in here]
        spaced = _spaced([(height - low) / span for height in heights], gap)
        for n, place in zip(here, spaced, strict=True):
            figure.add_annotation(
                x=end,
                y=low + place * span,
                text=labels[n],
                xanchor="left",
                xshift=8,
                showarrow=False,
                font={"color": curve_style(panel.curves, panel.curves[n])[0]},
            )
    first, last = min(float(curve.x[0]) for curve in panel.curves), max(ends)
    pad = (last - first) / 60
    figure.update_xaxes(range=[first - pad, last + pad])
    figure.update_layout(margin_r=round(16 + max(map(_width, labels))))


def _width(label: str) -> float:
    """Pixels of a label; a Chinese character is about twice as wide as a letter."""
    return sum(2 * _CHARACTER if ord(c) > _FIRST_WIDE else _CHARACTER for c in label)


def drawn_heights(curve: Curve, *, log: bool) -> np.ndarray:
    """The values as the axis places them, with ``log`` their logarithms; NaN where it cannot."""
    good = np.where(np.isfinite(curve.y) & ((curve.y > 0) | (not log)), curve.y, np.nan)
    values: np.ndarray = np.log10(good) if log else good
    return values


def _end(curve: Curve, *, log: bool) -> float:
    """The last height that the axis can show."""
    heights = drawn_heights(curve, log=log)
    shown = heights[np.isfinite(heights)]
    return float(shown[-1]) if len(shown) else 0.0


def _spaced(places: Sequence[float], gap: float) -> list[float]:
    """Places between 0 and 1 in the same order, moved apart where they are too close."""
    order = np.argsort(places)
    spaced = np.array(places, float)
    for below, above in pairwise(order):
        spaced[above] = max(spaced[above], spaced[below] + gap)
    return [float(place) for place in spaced]
