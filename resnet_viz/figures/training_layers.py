"""Plots of what a training changed by layer, and its confusion matrix."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, hover, stage_ticks, styled
from resnet_viz.records import Role

MOST_CLASSES = 30  # of a confusion matrix that can be read


def layers_figure(
    values: Mapping[str, Mapping[str, float]], quantity: str, text: Text
) -> go.Figure:
    """One number per layer and network: ``quantity`` is "change" or "dead"."""
    figure = go.Figure()
    layers = max((list(own) for own in values.values()), key=len, default=[])
    for kind, own in values.items():
        style = STYLES[Role(kind)]
        figure.add_scatter(
            x=[layers.index(name) for name in own if name in layers],
            y=[own[name] for name in own if name in layers],
            customdata=[escape(name) for name in own if name in layers],
            name=text(f"roles.{kind}"),
            mode="lines+markers",
            line={"color": style.colour, "width": 1.5},
            marker={"symbol": style.symbol, "size": 7},
            hovertext=hover(own[name] for name in own if name in layers),
            hovertemplate="%{customdata}: %{hovertext}",
        )
    places, names = stage_ticks(layers)
    figure.update_xaxes(tickvals=places, ticktext=names, tickangle=0)
    figure.update_yaxes(title=text(f"train.axis_{quantity}"), rangemode="tozero")
    return styled(figure, height=340)


def counts_figure(
    counts: Sequence[Sequence[int]], classes: Sequence[str], text: Text
) -> go.Figure | None:
    """True class (row) against answer (column); None for too many classes."""
    if len(classes) > MOST_CLASSES:
        return None
    names = [escape(name) for name in classes]
    figure = go.Figure(
        go.Heatmap(
            z=[list(row) for row in counts],
            x=names,
            y=names,
            colorscale="Blues",
            showscale=False,
            texttemplate="%{z}" if len(classes) <= 12 else None,
            hovertemplate="%{y} → %{x}: %{z}<extra></extra>",
        )
    )
    figure.update_xaxes(title=text("train.axis_answer"), tickangle=-45, type="category")
    figure.update_yaxes(title=text("train.axis_truth"), autorange="reversed", type="category")
    return styled(figure, height=400)
