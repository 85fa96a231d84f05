"""Plots of an experiment's finding, drawn from the record alone."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.curve_labels import (
    curve_label,
    curve_style,
    has_end_labels,
    label_ends,
    point_label,
)
from resnet_viz.figures.finding_matrices import draw_matrix
from resnet_viz.figures.small_multiples import maps_figure, rows_figure
from resnet_viz.figures.theme import STYLES, hover, log_axis, styled
from resnet_viz.records import Curve, Mark, Panel, Role, Zone

_ZONE = "rgba(128, 128, 128, 0.25)"  # legible on white and on black
_FEW_EPOCHS = 10  # each has a tick
_MANY_POINTS = 60  # drawn without markers


def panel_figure(
    panel: Panel,
    text: Text,
    *,
    scale: tuple[float, float] | None = None,
    behind: Panel | None = None,
) -> go.Figure:
    """The plot of one panel; the colours of a matrix cover ``scale``.

    Values that a logarithmic axis cannot show are crosses at its lower edge. The curves of
    ``behind`` are dotted and have no names of their own.
    """
    if panel.mark is Mark.ROWS:
        return rows_figure(panel, text)
    if panel.mark is Mark.MAPS:
        return maps_figure(panel, text)
    figure = go.Figure()
    if panel.matrix is not None:
        draw_matrix(figure, panel, text, scale=scale)
    _add_zones(figure, panel.zones, text)
    if behind is not None:
        _add_behind(figure, behind)
    labelled = has_end_labels(panel)
    seen: set[str] = set()
    for curve in panel.curves:
        _add_curve(figure, panel, curve, text, first=curve.name not in seen)
        seen.add(curve.name)
    if panel.log_y and panel.curves:
        figure.update_yaxes(**log_axis(value for curve in panel.curves for value in curve.y))
        _add_lost(figure, panel.curves, text)
    figure.update_xaxes(title=text(f"experiments.axes.{panel.x}"), **_ticks(panel, text))
    figure.update_yaxes(title=text(f"experiments.axes.{panel.y}"))
    if panel.y == "accuracy":
        figure.update_yaxes(range=[-0.02, 1.02])
    legend = bool(panel.zones) or (len(seen) > 1 and not labelled)
    figure.update_layout(hovermode="closest", showlegend=legend)
    styled(figure, height=400 if panel.matrix is None else 440)
    if labelled:
        label_ends(figure, panel, text)
    return figure


def _add_curve(figure: go.Figure, panel: Panel, curve: Curve, text: Text, *, first: bool) -> None:
    colour, dash = curve_style(panel.curves, curve)
    names = [point_label(name, text) for name in curve.names] or None
    label = curve_label(curve, text)
    common = {
        "x": curve.x.tolist(),
        "y": [float(v) if _drawable(v, log=panel.log_y) else None for v in curve.y],
        "name": f"{label} {escape(curve.note)}".rstrip(),
        "legendgroup": curve.name,
        "showlegend": first,
        "customdata": names,
        "hovertext": hover(curve.y),
        "hovertemplate": ("%{customdata}: " if names else "%{x}: ") + "%{hovertext}",
    }
    if panel.mark is Mark.BARS:
        figure.add_bar(**common, marker={"color": colour}, error_y=_error_bars(curve))
        return
    if panel.mark is Mark.POINTS:
        common["error_y"] = _error_bars(curve)
    else:
        _add_band(figure, curve, colour, log=panel.log_y)
    several = sum(other.name == curve.name for other in panel.curves) > 1
    lines = "lines" if several or len(curve.x) > _MANY_POINTS else "lines+markers"
    figure.add_scatter(
        **common,
        mode="markers" if panel.mark is Mark.POINTS else lines,
        line={"color": colour, "width": 1 if several else 1.75, "dash": dash},
        opacity=0.7 if several else 1,
        marker={
            "size": 8 if panel.mark is Mark.POINTS else 6,
            "color": colour,
            "symbol": "diamond" if curve.kind is None else STYLES[Role(curve.kind)].symbol,
        },
    )


def _error_bars(curve: Curve) -> dict[str, object] | None:
    if curve.low is None or curve.high is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": (curve.high - curve.y).tolist(),
        "arrayminus": (curve.y - curve.low).tolist(),
        "thickness": 1.2,
    }


def _add_band(figure: go.Figure, curve: Curve, colour: str, *, log: bool) -> None:
    """The spread of a curve as a band behind it, where its axis can show both ends."""
    if curve.low is None or curve.high is None:
        return
    ends = zip(curve.low, curve.high, strict=True)
    there = [_drawable(low, log=log) and _drawable(high, log=log) for low, high in ends]
    if not any(there):
        return
    x, low, high = (values[there].tolist() for values in (curve.x, curve.low, curve.high))
    figure.add_scatter(
        x=[*x, *reversed(x)],
        y=[*high, *reversed(low)],
        fill="toself",
        fillcolor=colour,
        opacity=0.18,
        mode="none",
        legendgroup=curve.name,
        showlegend=False,
        hoverinfo="skip",
    )


def _add_behind(figure: go.Figure, panel: Panel) -> None:
    for curve in panel.curves:
        figure.add_scatter(
            x=curve.x.tolist(),
            y=curve.y.tolist(),
            mode="lines",
            line={"color": curve_style(panel.curves, curve)[0], "width": 1.25, "dash": "dot"},
            showlegend=False,
            hovertext=hover(curve.y),
            hovertemplate="%{x}: %{hovertext}<extra></extra>",
        )


def _add_zones(figure: go.Figure, zones: Sequence[Zone], text: Text) -> None:
    """Grey areas behind the curves, named in the legend once."""
    for zone in zones:
        if zone.axis == "x":
            place = {"x0": zone.low - 0.5, "x1": zone.high + 0.5, "y0": 0, "y1": 1, "yref": "paper"}
        else:
            place = {"x0": zone.start, "x1": zone.end, "y0": zone.low, "y1": zone.high}
        figure.add_shape(type="rect", fillcolor=_ZONE, line_width=0, layer="below", **place)
    for name in dict.fromkeys(zone.name for zone in zones):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=text(f"experiments.zones.{name}"),
            marker={"symbol": "square", "size": 11, "color": _ZONE},
        )


def _drawable(value: float, *, log: bool) -> bool:
    return bool(np.isfinite(value) and (value > 0 or not log))


def _add_lost(figure: go.Figure, curves: Sequence[Curve], text: Text) -> None:
    drawable = [float(v) for curve in curves for v in curve.y if _drawable(v, log=True)]
    floor = min(drawable, default=1.0) / 2
    for curve in curves:
        lost = [i for i, v in enumerate(curve.y) if not _drawable(v, log=True)]
        if lost:
            label = text("figures.lost", label=curve_label(curve, text), count=len(lost))
            figure.add_scatter(
                x=curve.x[lost].tolist(),
                y=[floor] * len(lost),
                name=label,
                customdata=[str(curve.y[i]) for i in lost],
                mode="markers",
                marker={"symbol": "x-open", "size": 9, "color": curve_style(curves, curve)[0]},
                hovertemplate="%{customdata}<extra></extra>",
            )


def _ticks(panel: Panel, text: Text) -> dict[str, object]:
    """Names below the axis where the points have them; few enough that they can be read."""
    named = next((curve for curve in panel.curves if curve.names), None)
    if named is None:
        few = panel.x == "epoch" and max(len(curve.x) for curve in panel.curves) <= _FEW_EPOCHS
        return {"dtick": 1} if few else {}
    every = -(-len(named.names) // 12)
    return {
        "tickvals": named.x[::every].tolist(),
        "ticktext": [point_label(name, text) for name in named.names[::every]],
    }
