"""Plots of an experiment's finding, drawn from the record alone."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, styled
from resnet_viz.records import Curve, Mark, Matrix, Panel, Role

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_OTHERS = ("#0f766e", "#a21caf", "#65a30d", "#b45309", "#0891b2", "#be123c")


def panel_figure(
    panel: Panel, text: Text, *, scale: tuple[float, float] | None = None
) -> go.Figure:
    """The plot of one panel; the colours of a matrix cover ``scale``.

    Values that a logarithmic axis cannot show are crosses at its lower edge.
    """
    figure = go.Figure()
    if panel.matrix is not None:
        add = _add_contours if panel.mark is Mark.SURFACE else _add_matrix
        add(figure, panel.matrix, scale or _range([panel]), log=panel.log_y)
        _name_lost_cells(figure, panel.matrix, text, log=panel.log_y)
    for place, curve in enumerate(panel.curves):
        _add_curve(figure, panel, curve, _style(panel.curves, place), text)
    if panel.log_y and panel.curves:
        figure.update_yaxes(type="log", exponentformat="power")
        _add_lost(figure, panel.curves, text)
    figure.update_xaxes(title=text(f"experiments.axes.{panel.x}"), **_ticks(panel.curves))
    figure.update_yaxes(title=text(f"experiments.axes.{panel.y}"))
    if panel.y == "accuracy":
        figure.update_yaxes(range=[-0.02, 1.02])
    figure.update_layout(hovermode="closest", showlegend=len(panel.curves) > 1)
    return styled(figure, height=400 if panel.matrix is None else 440)


def surface_figure(
    panel: Panel, text: Text, *, scale: tuple[float, float] | None = None
) -> go.Figure:
    """A matrix over two distances as a surface; height and colour cover ``scale``."""
    figure = go.Figure()
    if panel.matrix is not None:
        low, high = scale or _range([panel])
        figure.add_surface(
            **_heights(panel.matrix, log=panel.log_y),
            colorscale="Viridis",
            cmin=low,
            cmax=high,
            showscale=False,
            hovertemplate="%{y:.3g}, %{x:.3g}: %{z:.3f}<extra></extra>",
        )
        small = {"size": 10}
        figure.update_scenes(
            xaxis={"title": {"text": text(f"experiments.axes.{panel.x}"), "font": small}},
            yaxis={"title": {"text": text(f"experiments.axes.{panel.y}"), "font": small}},
            zaxis={
                "title": {"text": text("experiments.axes.log_loss"), "font": small},
                "range": [low, high],
            },
            dragmode="turntable",
            camera={"eye": {"x": 1.6, "y": 1.6, "z": 1.2}},
        )
    return styled(figure, height=440)


def curve_label(curve: Curve, text: Text) -> str:
    """A curve's name in a language, if it has a translation."""
    key = f"experiments.curves.{curve.name}"
    return escape(text(key) if text.has(key) else curve.name)


def _style(curves: Sequence[Curve], place: int) -> tuple[str, str]:
    """Colour by kind, dash by place among the curves of that kind."""
    curve = curves[place]
    before = sum(other.kind is curve.kind for other in curves[:place])
    if curve.kind is None:
        return _OTHERS[before % len(_OTHERS)], "solid"
    return STYLES[Role(curve.kind)].colour, _DASHES[before % len(_DASHES)]


def _add_curve(
    figure: go.Figure, panel: Panel, curve: Curve, style: tuple[str, str], text: Text
) -> None:
    colour, dash = style
    names = [escape(name) for name in curve.names] or None
    common = {
        "x": curve.x.tolist(),
        "y": [float(v) if _drawable(v, log=panel.log_y) else None for v in curve.y],
        "name": curve_label(curve, text),
        "customdata": names,
        "hovertemplate": ("%{customdata}: " if names else "%{x}: ") + "%{y:.4g}",
    }
    if panel.mark is Mark.BARS:
        figure.add_bar(**common, marker={"color": colour})
        return
    figure.add_scatter(
        **common,
        mode="markers" if panel.mark is Mark.POINTS else "lines+markers",
        line={"color": colour, "width": 1.5, "dash": dash},
        marker={
            "size": 8 if panel.mark is Mark.POINTS else 4 if len(curve.x) > 60 else 6,
            "color": colour,
            "symbol": "diamond" if curve.kind is None else STYLES[Role(curve.kind)].symbol,
        },
    )


def _drawable(value: float, *, log: bool) -> bool:
    return bool(np.isfinite(value) and (value > 0 or not log))


def _add_lost(figure: go.Figure, curves: Sequence[Curve], text: Text) -> None:
    drawable = [float(v) for curve in curves for v in curve.y if _drawable(v, log=True)]
    floor = min(drawable, default=1.0) / 2
    for place, curve in enumerate(curves):
        lost = [i for i, v in enumerate(curve.y) if not _drawable(v, log=True)]
        if lost:
            label = text("figures.lost", label=curve_label(curve, text), count=len(lost))
            figure.add_scatter(
                x=curve.x[lost].tolist(),
                y=[floor] * len(lost),
                name=label,
                customdata=[str(curve.y[i]) for i in lost],
                mode="markers",
                marker={"symbol": "x-open", "size": 9, "color": _style(curves, place)[0]},
                hovertemplate="%{customdata}<extra></extra>",
            )


def _name_lost_cells(figure: go.Figure, matrix: Matrix, text: Text, *, log: bool) -> None:
    """Cells without a colour are counted above the plot."""
    lost = int((~np.isfinite(_coloured(matrix, log=log))).sum())
    if lost:
        figure.add_annotation(
            text=text("figures.lost", label=escape(matrix.name), count=lost),
            xref="paper", yref="paper", x=0, y=1.06, showarrow=False,
        )  # fmt: skip


def shared_scale(panels: Sequence[Panel]) -> tuple[float, float] | None:
    """One colour scale for all matrices of a finding; None without a matrix."""
    matrices = [panel for panel in panels if panel.matrix is not None]
    return _range(matrices) if matrices else None


def _range(panels: Sequence[Panel]) -> tuple[float, float]:
    values = np.concatenate(
        [_coloured(p.matrix, log=p.log_y).ravel() for p in panels if p.matrix is not None]
    )
    return float(np.nanmin(values)), float(np.nanmax(values))


def _coloured(matrix: Matrix, *, log: bool) -> np.ndarray:
    """The values to colour: with ``log`` their logarithm to base 10, NaN if they have none."""
    if not log:
        return matrix.values
    good = np.isfinite(matrix.values) & (matrix.values > 0)
    return np.where(good, np.log10(np.where(good, matrix.values, 1.0)), np.nan)


def _add_matrix(
    figure: go.Figure, matrix: Matrix, scale: tuple[float, float], *, log: bool
) -> None:
    values = _coloured(matrix, log=log)
    figure.add_heatmap(
        z=values.tolist(),
        x=[escape(name) for name in matrix.columns],
        y=[escape(name) for name in matrix.rows],
        colorscale="Viridis",
        zmin=scale[0],
        zmax=scale[1],
        hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>",
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category")


def _heights(matrix: Matrix, *, log: bool) -> dict[str, object]:
    """Heights and both axes of a surface; the names of rows and columns are numbers."""
    return {
        "z": _coloured(matrix, log=log).tolist(),
        "x": [float(name) for name in matrix.columns],
        "y": [float(name) for name in matrix.rows],
    }


def _add_contours(
    figure: go.Figure, matrix: Matrix, scale: tuple[float, float], *, log: bool
) -> None:
    low, high = scale
    figure.add_contour(
        **_heights(matrix, log=log),
        colorscale="Viridis",
        zmin=low,
        zmax=high,
        contours={"start": low, "end": high, "size": (high - low) / 16 or 1.0},
        hovertemplate="%{y:.3g}, %{x:.3g}: %{z:.3f}<extra></extra>",
    )


def _ticks(curves: Sequence[Curve]) -> dict[str, object]:
    """Names below the axis where the points have them; few enough that they can be read."""
    named = next((curve for curve in curves if curve.names), None)
    if named is None:
        return {}
    every = -(-len(named.names) // 12)
    return {
        "tickvals": named.x[::every].tolist(),
        "ticktext": [escape(name) for name in named.names[::every]],
    }
