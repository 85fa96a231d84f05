"""Plots that compare two checkpoints."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import ACCENT, STYLES, hover, layer_ticks, log_axis, styled
from resnet_viz.records import ANY_TWO, CheckpointComparison, CheckpointReport, Pair


def cka_figure(comparison: CheckpointComparison) -> go.Figure:
    """CKA between every block of the first network (rows) and of the second (columns)."""
    figure = go.Figure()
    figure.add_heatmap(
        z=[list(row) for row in comparison.cka],
        x=[f"{escape(name)}\u200b" for name in comparison.second_blocks],
        y=[escape(name) for name in comparison.first_blocks],
        zmin=0,
        zmax=1,
        colorscale="Viridis",
        hovertemplate="%{y} | %{x}: %{z:.2f}<extra></extra>",
    )
    figure.update_xaxes(title=escape(comparison.second))
    figure.update_yaxes(title=escape(comparison.first), autorange="reversed")
    return styled(figure, height=420)


def norms_figure(first: CheckpointReport, second: CheckpointReport, text: Text) -> go.Figure:
    """The spectral norm of every layer of both networks."""
    reports = Pair(first, second)
    norms = reports.map(
        lambda report: {n.name: n.spectral_norm for n in report.layers if n.spectral_norm}
    )
    order = list(dict.fromkeys(layer for own in norms for layer in own))
    figure = go.Figure()
    for (report, own), role in reports.join(norms).join(ANY_TWO):
        style = STYLES[role]
        _add_layers(figure, own, order, escape(report.name), style.colour, style.symbol)
    figure.update_xaxes(title=text("figures.axis_layers"), **layer_ticks(order))
    figure.update_yaxes(
        title=text("beside.axis_spectral"), **log_axis(v for own in norms for v in own.values())
    )
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    return styled(figure, height=320)


def moved_figure(comparison: CheckpointComparison, text: Text) -> go.Figure:
    """The relative distance between the weights of each layer."""
    figure, layers = go.Figure(), list(comparison.moved)
    _add_layers(figure, comparison.moved, layers, "", ACCENT, "circle")
    figure.update_xaxes(title=text("figures.axis_layers"), **layer_ticks(layers))
    figure.update_yaxes(title=text("beside.axis_moved"), rangemode="tozero")
    figure.update_layout(showlegend=False)
    return styled(figure, height=280)


def _add_layers(
    figure: go.Figure,
    values: Mapping[str, float],
    order: Sequence[str],
    name: str,
    colour: str,
    symbol: str,
) -> None:
    figure.add_scatter(
        x=[order.index(layer) for layer in values],
        y=list(values.values()),
        customdata=[escape(layer) for layer in values],
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"symbol": symbol, "size": 6},
        name=name,
        hovertext=hover(values.values()),
        hovertemplate="%{customdata}: %{hovertext}<extra></extra>",
    )
