"""The figures of lessons: panels of recordings, also large enough for a projector."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.curve_labels import has_end_labels, label_ends
from resnet_viz.figures.finding_matrices import shared_scale
from resnet_viz.figures.finding_panels import panel_figure
from resnet_viz.records import Curve, Finding, Mark, Panel

#: What a notebook gets, so that a layer without Plotly can name it.
Drawn: TypeAlias = go.Figure

#: Marks whose curves can lie over each other.
OVERLAID = (Mark.LINES, Mark.POINTS, Mark.BARS)

_MOST_LABELS = 6  # at the ends of curves; more would not be read
_LARGE_FONT, _LARGE_LINE, _LARGE_MARKER = 22, 4, 12  # pixels
_LARGER = 1.45  # how much wider a label is then
_LARGE_GAP = 0.1  # of the height, between two labels


def lesson_panel(finding: Finding, name: str, curves: Sequence[str] = ()) -> Panel | None:
    """Return a panel of a finding, with some of its curves; None if the finding has no such one."""
    panel = next((one for one in finding.panels if one.name == name), None)
    if panel is None or not curves:
        return panel
    return replace(panel, curves=tuple(c for c in panel.curves if c.name in curves))


def lesson_figure(
    panel: Panel, text: Text, *, behind: Panel | None = None, large: int | None = None
) -> go.Figure:
    """Draw a panel of a lesson.

    Parameters
    ----------
    panel
        What is drawn.
    text
        The language.
    behind
        A panel whose curves are dotted behind these.
    large
        For a projector: the height in pixels. Curves then have their name and last value at their
        ends instead of a legend.

    """
    drawn = panel if large is None else _with_ends(panel)
    figure = panel_figure(drawn, text, scale=shared_scale([panel]), behind=behind)
    if large is not None:
        if drawn.mark is Mark.LINES and has_end_labels(drawn):
            figure.layout.annotations = ()
            label_ends(figure, drawn, text, gap=_LARGE_GAP)
        _enlarge(figure, large)
    return figure


def _with_ends(panel: Panel) -> Panel:
    """Return a panel of lines whose curves say their last value where they end."""
    names = {curve.name for curve in panel.curves}
    single = len(names) == len(panel.curves)
    if panel.mark is not Mark.LINES or not single or len(names) > _MOST_LABELS:
        return panel
    return replace(panel, curves=tuple(_with_end(curve) for curve in panel.curves))


def _with_end(curve: Curve) -> Curve:
    good = curve.y[np.isfinite(curve.y)]
    return replace(curve, note=curve.note or (readable(float(good[-1])) if len(good) else "–"))


def _enlarge(figure: go.Figure, height: int) -> None:
    margin = figure.layout.margin.r or 0
    figure.update_layout(
        height=height, font_size=_LARGE_FONT, margin_r=round(margin * _LARGER), margin_t=48
    )
    figure.update_annotations(font_size=_LARGE_FONT)
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickfont_size=_LARGE_FONT, title_font_size=_LARGE_FONT)
    figure.update_traces(line_width=_LARGE_LINE, selector={"type": "scatter"})
    figure.update_traces(marker_size=_LARGE_MARKER, selector={"type": "scatter", "fill": None})
