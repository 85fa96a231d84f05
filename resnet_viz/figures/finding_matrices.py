"""The matrices of a finding: heat maps with square cells, contours and surfaces."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float64

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import stage_ticks, styled
from resnet_viz.records import Mark, Matrix, Panel

_ANNOTATED = 12  # rows of a matrix whose values are printed


def draw_matrix(
    figure: go.Figure, panel: Panel, text: Text, *, scale: tuple[float, float] | None
) -> None:
    """Add a panel's matrix; its colours cover ``scale``, by default its own values."""
    scale = scale or _range([panel])
    matrix = panel.matrix
    assert matrix is not None
    if panel.mark is Mark.SURFACE:
        _add_contours(figure, matrix, scale, log=panel.log_y)
    else:
        _add_matrix(figure, matrix, scale, log=panel.log_y)
    _name_lost_cells(figure, matrix, text, log=panel.log_y)


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


def _name_lost_cells(figure: go.Figure, matrix: Matrix, text: Text, *, log: bool) -> None:
    """Cells without a colour are counted above the plot."""
    lost = int((~np.isfinite(coloured(matrix, log=log))).sum())
    if lost:
        figure.add_annotation(
            text=text("figures.lost", label=escape(matrix.name), count=lost),
            xref="paper", yref="paper", x=0, y=1.06, showarrow=False,
        )  # fmt: skip


def shared_scale(panels: Sequence[Panel]) -> tuple[float, float] | None:
    """One colour scale for all matrices of a finding; None without a matrix."""
    matrices = [panel for panel in panels if panel.matrix is not None]
    return _range(matrices) if matrices else None


def narrowed(figure: go.Figure, panel: Panel) -> None:
    """Make room for the cells where a matrix is narrow: the colour bar lies below it.

    The title of a matrix of blocks says what its rows and columns are.
    """
    figure.update_traces(colorbar={"orientation": "h", "thickness": 10, "y": -0.3})
    if panel.mark is not Mark.SURFACE:
        figure.update_xaxes(title=None, tickangle=0)
        figure.update_yaxes(title=None)


def _range(panels: Sequence[Panel]) -> tuple[float, float]:
    values = np.concatenate(
        [coloured(p.matrix, log=p.log_y).ravel() for p in panels if p.matrix is not None]
    )
    return float(np.nanmin(values)), float(np.nanmax(values))


def coloured(matrix: Matrix, *, log: bool) -> Float64[np.ndarray, "rows columns"]:
    """The values to colour: with ``log`` their logarithm to base 10, NaN if they have none."""
    if not log:
        return matrix.values
    good = np.isfinite(matrix.values) & (matrix.values > 0)
    return np.where(good, np.log10(np.where(good, matrix.values, 1.0)), np.nan)


def _add_matrix(
    figure: go.Figure, matrix: Matrix, scale: tuple[float, float], *, log: bool
) -> None:
    values = coloured(matrix, log=log)
    rows, columns = ([escape(name) for name in names] for names in (matrix.rows, matrix.columns))
    figure.add_heatmap(
        z=values.tolist(),
        customdata=[[f"{row}, {column}" for column in columns] for row in rows],
        colorscale="Viridis",
        zmin=scale[0],
        zmax=scale[1],
        colorbar={"thickness": 12},
        texttemplate="%{z:.2f}" if len(rows) <= _ANNOTATED else "",
        hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
    )
    for axis, names in ((figure.layout.xaxis, matrix.columns), (figure.layout.yaxis, matrix.rows)):
        axis.update(constrain="domain", showgrid=False, **_cell_ticks(names))
    figure.update_yaxes(scaleanchor="x")
    _outline_stages(figure, matrix)
    if len(rows) > _ANNOTATED:
        _annotate_stages(figure, matrix, values)


def _cell_ticks(names: Sequence[str]) -> dict[str, object]:
    """All names where they can be read, else those where a stage starts."""
    places, shown = stage_ticks(names)
    if len(names) <= _ANNOTATED:
        places, shown = list(range(len(names))), [escape(name) for name in names]
    return {"tickvals": places, "ticktext": shown}


def _annotate_stages(figure: go.Figure, matrix: Matrix, values: np.ndarray) -> None:
    """The mean of each pair of stages, where single cells are too small for a number."""
    for top, bottom in _spans(matrix.rows):
        for left, right in _spans(matrix.columns):
            figure.add_annotation(
                x=(left + right - 1) / 2,
                y=(top + bottom - 1) / 2,
                text=f"{np.nanmean(values[top:bottom, left:right]):.2f}",
                showarrow=False,
                bgcolor="rgba(255, 255, 255, 0.75)",
                font={"color": "#111827", "size": 12},
            )


def _spans(names: Sequence[str]) -> list[tuple[int, int]]:
    """Where each stage begins and ends."""
    starts = [*stage_ticks(names)[0], len(names)]
    return list(pairwise(starts))


def _outline_stages(figure: go.Figure, matrix: Matrix) -> None:
    """White lines between the stages of the rows and of the columns."""
    for names, add in ((matrix.columns, figure.add_vline), (matrix.rows, figure.add_hline)):
        for place in stage_ticks(names)[0][1:]:
            add(place - 0.5, line={"color": "white", "width": 1.5})


def _heights(matrix: Matrix, *, log: bool) -> dict[str, object]:
    """Heights and both axes of a surface; the names of rows and columns are numbers."""
    return {
        "z": coloured(matrix, log=log).tolist(),
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
