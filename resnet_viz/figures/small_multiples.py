"""Small multiples: curves in rows on a common axis, and small maps side by side."""

from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resnet_viz.core.text import Text
from resnet_viz.figures.curve_labels import curve_label
from resnet_viz.figures.theme import STYLES, hover, styled
from resnet_viz.records import Matrix, Panel, Role

_ROW = 70  # pixels
_MAP = 190  # pixels
_TOP = 56  # pixels, below the button that saves the plot


def rows_figure(panel: Panel, text: Text) -> go.Figure:
    """One row per curve: its name above it on the left, its note on the right."""
    count = len(panel.curves)
    figure = make_subplots(rows=count, cols=1, shared_xaxes=True, vertical_spacing=0.25 / count)
    for row, curve in enumerate(panel.curves, 1):
        colour = "#6b7280" if curve.kind is None else STYLES[Role(curve.kind)].colour
        figure.add_scatter(
            x=curve.x.tolist(),
            y=curve.y.tolist(),
            mode="lines",
            line={"color": colour, "width": 1.25},
            name=curve_label(curve, text),
            hovertext=hover(curve.y),
            hovertemplate="%{x}: %{hovertext}",
            row=row,
            col=1,
        )
        top = figure.get_subplot(row, 1).yaxis.domain[1]
        for x, anchor, words in (
            (0, "left", curve_label(curve, text)),
            (1, "right", escape(curve.note)),
        ):
            figure.add_annotation(
                xref="paper", yref="paper", x=x, y=top, xanchor=anchor, yanchor="bottom",
                text=words, showarrow=False, font={"color": colour},
            )  # fmt: skip
    figure.update_yaxes(showticklabels=False, nticks=3)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(title=text(f"experiments.axes.{panel.x}"), row=count, col=1)
    styled(figure, height=_ROW * count + 80)
    figure.update_layout(margin_t=_TOP)
    return figure


def maps_figure(panel: Panel, text: Text) -> go.Figure:
    """One small picture per map, on the common scale from 0 to 1."""
    titles = [_title(map_, text) for map_ in panel.maps]
    figure = make_subplots(rows=1, cols=len(titles), subplot_titles=titles, horizontal_spacing=0.02)
    for column, map_ in enumerate(panel.maps, 1):
        figure.add_heatmap(
            z=map_.values.tolist(),
            colorscale="Viridis",
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate="%{z:.2f}<extra></extra>",
            row=1,
            col=column,
        )
    figure.update_annotations(font_size=12)
    styled(figure, height=_MAP)
    figure.update_layout(margin_t=_TOP)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", constrain="domain")
    for column in range(1, len(titles) + 1):
        anchor = figure.get_subplot(1, column).yaxis.anchor
        figure.update_yaxes(scaleanchor=anchor, row=1, col=column)
    return figure


def _title(map_: Matrix, text: Text) -> str:
    key = f"experiments.curves.{map_.name}"
    return escape(text(key) if text.has(key) else map_.name)
