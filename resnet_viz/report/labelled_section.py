"""The section on labelled images in the HTML report."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from markupsafe import Markup

from resnet_viz.core.text import Text
from resnet_viz.figures.labelled_plots import (
    confusion_figure,
    highest_of,
    judged_caption,
    judged_picture,
    recall_figure,
    reliability_figure,
    robustness_figure,
)
from resnet_viz.records import JudgedImage, Labelled
from resnet_viz.report.html_document import plot_markup


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures under one caption; each tile is a caption and its pixels."""

    name: str
    caption: str
    tiles: tuple[tuple[str, UInt8[np.ndarray, "height width channels"]], ...]


@dataclass(frozen=True, eq=False)
class LabelledSection:
    """Numbers (shares from 0 to 1), plots by name, and galleries."""

    numbers: tuple[tuple[str, float], ...]
    plots: Mapping[str, Markup]
    galleries: tuple[Gallery, ...]


def labelled_section(measured: Labelled, text: Text) -> LabelledSection:
    """The section's content; its plots need Plotly's code in the document before them."""
    temperature = f"{measured.temperature:.2f}"
    losses = text("labelled.losses_caption", layer=measured.cam_layer)
    suspects = text("labelled.suspects_caption", count=measured.suspected, images=measured.images)
    return LabelledSection(
        numbers=(
            (text("labelled.accuracy"), measured.accuracy),
            (text("labelled.calibration"), measured.calibration_error),
            (
                text("labelled.scaled", temperature=temperature),
                measured.calibration_error_scaled,
            ),
        ),
        plots=_plots(measured, text),
        galleries=(
            _gallery("losses", losses, measured.losses, measured, text),
            _gallery("suspects", suspects, measured.suspects, measured, text),
        ),
    )


def _plots(measured: Labelled, text: Text) -> Mapping[str, Markup]:
    figures = {
        "classes": confusion_figure(measured, text) or recall_figure(measured, text),
        "calibrated": reliability_figure(measured, text),
        "robustness": robustness_figure(measured, text) if measured.robustness else None,
    }
    return {name: plot_markup(figure) for name, figure in figures.items() if figure is not None}


def _gallery(
    name: str, caption: str, images: tuple[JudgedImage, ...], measured: Labelled, text: Text
) -> Gallery:
    highest = highest_of(images) if images else None
    tiles = tuple(
        (judged_caption(image, measured, text), judged_picture(image, highest)) for image in images
    )
    return Gallery(name, caption, tiles)
