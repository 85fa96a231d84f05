"""Small multiples: curves in rows on a common axis, and small maps side by side."""

from html import escape

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from plotly.subplots import make_subplots

from resnet_viz.core.text import Text
from resnet_viz.figures.curve_labels import curve_label
from resnet_viz.figures.theme import STYLES, hover, styled
from resnet_viz.pictures.decode import open_picture
from resnet_viz.records import Matrix, Panel, Role

_ROW = 70  # pixels
_MAP = 190  # pixels
_OPACITY = 0.6  # of a map on its photograph
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


def photograph(panel: Panel) -> UInt8[np.ndarray, "height width 3"] | None:
    """The photograph that a panel's maps belong to; None if it has none."""
    return open_picture(panel.photo, panel.name).pixels if panel.photo else None


def maps_figure(panel: Panel, text: Text) -> go.Figure:
    """One small picture per map on one scale: 0 to 1, or around 0 where values are signed.

    With a photograph it stands first, and each map lies on it.
    """
    photo = photograph(panel)
    high = max(float(abs(map_.values).max()) for map_ in panel.maps)
    signed = high > 1 or any(float(map_.values.min()) < 0 for map_ in panel.maps)
    scale = ("RdBu_r", -high, high) if signed else ("Viridis", 0, 1)
    titles = [_title(map_, text) for map_ in panel.maps]
    if photo is not None:
        titles.insert(0, text("experiments.curves.photo"))
    figure = make_subplots(rows=1, cols=len(titles), subplot_titles=titles, horizontal_spacing=0.02)
    if photo is not None:
        for column in range(1, len(titles) + 1):
            figure.add_image(z=photo, hoverinfo="skip", row=1, col=column)
    for column, map_ in enumerate(panel.maps, len(titles) - len(panel.maps) + 1):
        figure.add_heatmap(
            z=map_.values.tolist(),
            **_over(photo, map_),
            colorscale=scale[0],
            zmin=scale[1],
            zmax=scale[2],
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


def _over(
    photo: UInt8[np.ndarray, "height width 3"] | None, map_: Matrix
) -> dict[str, float]:  # fmt: skip
    """Where a map lies on its photograph, whose pixels are the axes' units."""
    if photo is None:
        return {}
    down, across = (
        size / cells for size, cells in zip(photo.shape, map_.values.shape, strict=False)
    )
    return {"x0": (across - 1) / 2, "dx": across, "y0": (down - 1) / 2, "dy": down,
            "opacity": _OPACITY}  # fmt: skip


def _title(map_: Matrix, text: Text) -> str:
    key = f"experiments.curves.{map_.name}"
    return escape(text(key) if text.has(key) else map_.name)
