"""The section on labelled images in the HTML report."""

import base64
import io
from html import escape

from PIL import Image
from plotly.io import to_html

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

#: Style of the pictures, for the document's head.
STYLE = """
.gallery { display: flex; flex-wrap: wrap; gap: 0.8rem; } .gallery figure { margin: 0; width: 160px; }
.gallery img { width: 160px; image-rendering: pixelated; } figcaption { font-size: 0.8rem; }
"""  # noqa: E501  # CSS


def labelled_section(measured: Labelled, text: Text) -> str:
    """Numbers, plots and pictures; the plots need Plotly's code in the document before them."""
    numbers = (
        (text("labelled.accuracy"), measured.accuracy),
        (text("labelled.calibration"), measured.calibration_error),
        (
            text("labelled.scaled", temperature=f"{measured.temperature:.2f}"),
            measured.calibration_error_scaled,
        ),
    )
    rows = "".join(f"<tr><td>{escape(n)}</td><td>{v:.2%}</td></tr>" for n, v in numbers)
    return f"<table>{rows}</table>{_plots(measured, text)}{_pictures(measured, text)}"


def _plots(measured: Labelled, text: Text) -> str:
    figures = {
        "classes": confusion_figure(measured, text) or recall_figure(measured, text),
        "calibrated": reliability_figure(measured, text),
        "robustness": robustness_figure(measured, text) if measured.robustness else None,
    }
    parts = []
    for name, figure in figures.items():
        if figure is not None:
            plot = to_html(figure, full_html=False, include_plotlyjs=False,
                           config={"displayModeBar": False})  # fmt: skip
            parts.append(f"<h3>{escape(text(f'labelled.tab_{name}'))}</h3>{plot}")
    return "".join(parts)


def _pictures(measured: Labelled, text: Text) -> str:
    losses = text("labelled.losses_caption", layer=measured.cam_layer)
    suspects = text("labelled.suspects_caption", count=measured.suspected, images=measured.images)
    return _gallery("losses", losses, measured.losses, measured, text) + _gallery(
        "suspects", suspects, measured.suspects, measured, text
    )


def _gallery(
    name: str, caption: str, images: tuple[JudgedImage, ...], measured: Labelled, text: Text
) -> str:
    if not images:
        return ""
    highest = highest_of(images)
    tiles = "".join(_tile(image, highest, measured, text) for image in images)
    return (
        f"<h3>{escape(text(f'labelled.tab_{name}'))}</h3><p>{escape(caption)}</p>"
        f"<div class='gallery'>{tiles}</div>"
    )


def _tile(image: JudgedImage, highest: float | None, measured: Labelled, text: Text) -> str:
    caption = escape(judged_caption(image, measured, text))
    file = io.BytesIO()
    Image.fromarray(judged_picture(image, highest)).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
