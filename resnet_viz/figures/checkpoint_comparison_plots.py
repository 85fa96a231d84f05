"""Plots that compare two checkpoints."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import COLOURS, MARKERS, layer_ticks, styled
from resnet_viz.records import CheckpointReport, CheckpointsBeside
from resnet_viz.spec import Kind

_SIDES = (Kind.RESIDUAL, Kind.PLAIN)  # colour and marker of the first and of the second


def cka_figure(beside: CheckpointsBeside) -> go.Figure:
    """CKA between every block of the first network (rows) and of the second (columns)."""
    figure = go.Figure()
    figure.add_heatmap(
        z=[list(row) for row in beside.cka],
        x=[f"{escape(name)}\u200b" for name in beside.second_blocks],
        y=[escape(name) for name in beside.first_blocks],
        zmin=0,
        zmax=1,
        colorscale="Viridis",
        hovertemplate="%{y} | %{x}: %{z:.2f}<extra></extra>",
    )
    figure.update_xaxes(title=escape(beside.second))
    figure.update_yaxes(title=escape(beside.first), autorange="reversed")
    return styled(figure, height=420)


def norms_figure(first: CheckpointReport, second: CheckpointReport, text: Text) -> go.Figure:
    """The spectral norm of every layer of both networks."""
    sides = [
        {layer.name: layer.spectral_norm for layer in report.layers if layer.spectral_norm}
        for report in (first, second)
    ]
    figure = _by_layer([r.name for r in (first, second)], sides)
    figure.update_yaxes(title=text("beside.axis_spectral"), type="log")
    figure.update_xaxes(title=text("figures.axis_layers"))
    return styled(figure, height=320)


def moved_figure(beside: CheckpointsBeside, text: Text) -> go.Figure:
    """The relative distance between the weights of each layer."""
    figure = _by_layer([""], [beside.moved])
    figure.update_yaxes(title=text("beside.axis_moved"), rangemode="tozero")
    figure.update_xaxes(title=text("figures.axis_layers"))
    figure.update_layout(showlegend=False)
    return styled(figure, height=280)


def _by_layer(names: Sequence[str], sides: Sequence[Mapping[str, float]]) -> go.Figure:
    order = list(dict.fromkeys(layer for side in sides for layer in side))
    place = {layer: number for number, layer in enumerate(order)}
    figure = go.Figure()
    for name, side, kind in zip(names, sides, _SIDES, strict=False):
        figure.add_scatter(
            x=[place[layer] for layer in side],
            y=list(side.values()),
            customdata=[escape(layer) for layer in side],
            mode="lines+markers",
            line={"color": COLOURS[kind], "width": 1.5},
            marker={"symbol": MARKERS[kind], "size": 6},
            name=escape(name),
            hovertemplate="%{customdata}: %{y:.3g}<extra></extra>",
        )
    figure.update_xaxes(**layer_ticks(order))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    return figure
