"""Plots of labelled images: calibration, confusion, recall, robustness, single images."""

import base64
import io
import math
from html import escape

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from PIL import Image

from resnet_viz.core.text import Text
from resnet_viz.figures.map_overlays import enlarge_pixels, overlay
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.figures.theme import ACCENT, SERIES, styled
from resnet_viz.records import JudgedImage, Labelled

_MOST_CLASSES = 30  # of a confusion matrix that can be read
_SIDE = 160  # pixels of a picture for eyes, at least
_GREY = "#6b7280"


def reliability_figure(measured: Labelled, text: Text) -> go.Figure:
    """Accuracy against confidence before and after the temperature; the diagonal is perfect."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"dash": "dot", "color": _GREY},
        name=text("labelled.perfect"),
        hoverinfo="skip",
    )
    rows = (
        ("before", measured.reliability, SERIES[0], "circle"),
        ("after", measured.reliability_scaled, SERIES[1], "square"),
    )
    for name, bins, colour, marker in rows:
        figure.add_scatter(
            x=[row[0] for row in bins],
            y=[row[1] for row in bins],
            customdata=[row[2] for row in bins],
            mode="lines+markers",
            line={"color": colour},
            marker={"symbol": marker},
            name=text(f"labelled.{name}", temperature=f"{measured.temperature:.2f}"),
            hovertemplate="%{x:.2f}: %{y:.2f} (%{customdata})<extra></extra>",
        )
    figure.update_xaxes(title=text("diagnosis.axis_confidence"), range=[0, 1])
    figure.update_yaxes(title=text("diagnosis.axis_accuracy"), range=[0, 1.02])
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.15, "x": 0})
    return styled(figure, height=340)


def confusion_figure(measured: Labelled, text: Text) -> go.Figure | None:
    """Images by true class (rows) and answer (columns); None for too many classes."""
    names = [escape(name) for name in measured.classes]
    if len(names) > _MOST_CLASSES:
        return None
    counts = [list(row) for row in measured.confusion]
    shares = [[n / max(1, sum(row)) for n in row] for row in counts]
    figure = go.Figure()
    figure.add_heatmap(
        z=shares,
        x=names,
        y=names,
        text=counts,
        texttemplate="%{text}",
        zmin=0,
        zmax=1,
        colorscale="Viridis",
        hovertemplate="%{y} → %{x}: %{text} (%{z:.1%})<extra></extra>",
    )
    figure.update_xaxes(title=text("diagnosis.axis_answer"))
    figure.update_yaxes(title=text("diagnosis.axis_truth"), autorange="reversed")
    return styled(figure, height=440)


def recall_figure(measured: Labelled, text: Text) -> go.Figure:
    """Recall of each class, the worst first."""
    rows = [
        (r, escape(name))
        for name, r in zip(measured.classes, measured.recall, strict=True)
        if not math.isnan(r)
    ]
    rows.sort()
    shown = rows[:_MOST_CLASSES]
    figure = go.Figure()
    figure.add_bar(
        x=[row[0] for row in shown],
        y=[row[1] for row in shown],
        orientation="h",
        marker={"color": ACCENT},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(title=text("labelled.axis_recall"), range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    return styled(figure, height=120 + 22 * len(shown))


def robustness_figure(measured: Labelled, text: Text) -> go.Figure:
    """Accuracy on mildly and strongly changed images; the line is that of unchanged ones."""
    unchanged, changed = measured.robustness[0], measured.robustness[1:]
    names = [text(f"changes.{row.change}", strength=f"{row.strength:g}") for row in changed]
    figure = go.Figure()
    figure.add_bar(
        x=[row.accuracy for row in changed],
        y=names,
        orientation="h",
        marker={"color": ACCENT},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.add_vline(x=unchanged.accuracy, line={"color": _GREY, "width": 1, "dash": "dash"})
    figure.update_xaxes(title=text("diagnosis.axis_accuracy"), range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    return styled(figure, height=120 + 26 * len(changed))


def judged_picture(
    image: JudgedImage, highest: float | None
) -> UInt8[np.ndarray, "height width 3"]:
    """One image, its map over it where it has one, its pixels enlarged without blurring.

    ``highest`` is the largest value of all maps shown together: they share one colour scale.
    """
    with Image.open(io.BytesIO(base64.b64decode(image.picture)), formats=("PNG",)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    pixels = enlarge_pixels(pixels, max(1, -(-_SIDE // pixels.shape[0])))
    if not image.cam or not highest:
        return pixels
    return overlay(pixels, np.array(image.cam), ColourRange(0.0, highest), opacity=0.5)


def highest_of(images: tuple[JudgedImage, ...]) -> float | None:
    """The largest value of all maps; None without maps."""
    values = [value for image in images for row in image.cam for value in row]
    return max(values) if values and all(map(math.isfinite, values)) else None


def judged_caption(image: JudgedImage, measured: Labelled, text: Text) -> str:
    """An image's label and the network's answer, with probability and loss."""
    return text(
        "labelled.judged",
        truth=measured.classes[image.truth],
        answer=measured.classes[image.answer],
        sure=f"{image.answer_probability:.0%}",
        loss=f"{image.loss:.2f}",
    )
