"""Figures and pictures of a single result, for a notebook."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8
from PIL import Image

from resnet_viz.core.errors import OptionError
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import Quantity, gradient_curves
from resnet_viz.figures.explanation_plots import map_palette
from resnet_viz.figures.gradient_plot import gradient_figure
from resnet_viz.figures.input_pictures import input_picture, plane
from resnet_viz.figures.map_overlays import overlay
from resnet_viz.figures.palettes import ColourRange, Palette, hex_colours
from resnet_viz.figures.theme import ACCENT, SERIES, hover, layer_ticks, log_axis, styled
from resnet_viz.records import Analysis, Comparison
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import Faithfulness

#: A picture to draw on: Pillow's, or an array (height, width, 3) of bytes.
Photo: TypeAlias = Image.Image | np.ndarray

_SIDE = 224  # pixels; smaller pictures are enlarged to this
_CURVES = ("deletion", "insertion", "road_most", "road_least")


def map_picture(
    values: Float[np.ndarray, "..."],
    image: Float[np.ndarray, "channel ..."] | None,
    photo: Photo | None,
    opacity: float,
    palette: Palette,
    colours: ColourRange,
) -> Image.Image:
    """A map over a photograph, or over the image that the network saw."""
    if not 0 <= opacity <= 1:
        raise OptionError("option_range", value=opacity, option="opacity", least=0, most=1)
    pixels = overlay(
        background(image, photo), plane(values), colours, opacity=opacity, palette=palette
    )
    return Image.fromarray(pixels)


def background(
    image: Float[np.ndarray, "channel ..."] | None, photo: Photo | None
) -> UInt8[np.ndarray, "height width 3"]:
    """The photograph, or what the network saw, at least ``_SIDE`` pixels long."""
    if isinstance(photo, Image.Image):
        picture = photo.convert("RGB")
    elif isinstance(photo, np.ndarray):
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise OptionError("overlay_photo", given=f"{photo.dtype} {photo.shape}")
        picture = Image.fromarray(photo)
    elif photo is not None:
        raise OptionError("overlay_photo", given=type(photo).__name__)
    elif image is None:
        raise OptionError("overlay_no_image")
    else:
        picture = Image.fromarray(input_picture(image))
    factor = -(-_SIDE // max(picture.size))
    if factor > 1:
        picture = picture.resize(
            (picture.width * factor, picture.height * factor), Image.Resampling.NEAREST
        )
    return np.array(picture)


def explanation_picture(
    explanation: Explanation, photo: Photo | None, opacity: float
) -> Image.Image:
    """An explanation's map over its image."""
    palette = map_palette(explanation)
    colours = _range(explanation.map, signed=explanation.signed)
    return map_picture(explanation.map, explanation.image, photo, opacity, palette, colours)


def analysis_picture(
    analysis: Analysis, layer: str | None, image: int, photo: Photo | None, opacity: float
) -> Image.Image:
    """Grad-CAM of one layer over one image of the batch."""
    cam = _cam(analysis, layer, image)
    seen = None if analysis.images is None else analysis.images[image]
    return map_picture(cam, seen, photo, opacity, Palette.INFERNO, _range(cam, signed=False))


def contact_sheet(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of equal size in rows."""
    columns = max(1, min(columns, len(pictures)))
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + 4) - 4, rows * (height + 4) - 4), "white")
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place % columns * (width + 4), place // columns * (height + 4)))
    return sheet


def map_figure(
    explanation: Explanation, photo: Photo | None = None, *, opacity: float = 0.55
) -> go.Figure:
    """The map over its image, with raw values under the pointer; a line for a signal."""
    values, palette = explanation.map, map_palette(explanation)
    title = f"{explanation.method}, {explanation.place or 'input'}, {explanation.target_label}"
    figure = go.Figure()
    if values.ndim == 1:
        step = explanation.input_size[0] / len(values)
        places = (np.arange(len(values)) + 0.5) * step
        figure.add_scatter(
            x=places.tolist(), y=values.astype(float).tolist(), line={"color": ACCENT}
        )
        figure.update_layout(title=escape(title))
        return styled(figure, height=320)
    shown = plane(values)
    height, width = explanation.input_size[-2:]
    if explanation.image is not None or photo is not None:
        below = Image.fromarray(background(explanation.image, photo))
        figure.add_layout_image(
            source=below, x=0, y=0, sizex=width, sizey=height, xref="x", yref="y",
            sizing="stretch", layer="below",
        )  # fmt: skip
    colours = _range(values, signed=explanation.signed)
    rows, columns = shown.shape
    figure.add_heatmap(
        z=shown.astype(float).tolist(),
        x=((np.arange(columns) + 0.5) * width / columns).tolist(),
        y=((np.arange(rows) + 0.5) * height / rows).tolist(),
        zmin=colours.low,
        zmax=colours.high,
        colorscale=list(zip(_STEPS, hex_colours(_STEPS, palette), strict=True)),
        opacity=opacity,
        hovertext=[hover(row) for row in shown],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_xaxes(range=[0, width], visible=False)
    figure.update_yaxes(range=[height, 0], visible=False, scaleanchor="x")
    figure.update_layout(title=escape(title))
    return styled(figure, height=420)


def norms_figure(analysis: Analysis, image: int = 0) -> go.Figure:
    """Gradient norms of every layer on a logarithmic axis."""
    figure = go.Figure()
    layers = list(analysis.layers)
    shown: dict[str, Mapping[str, float]] = {
        "activation gradient": {
            name: float(norms[image]) for name, norms in analysis.activation_gradient_norms.items()
        },
        "weight gradient": analysis.weight_gradient_norms,
    }
    for colour, (name, norms) in zip(SERIES, shown.items(), strict=False):
        places = [place for place, layer in enumerate(layers) if norms.get(layer, 0) > 0]
        if places:
            figure.add_scatter(
                x=places,
                y=[norms[layers[place]] for place in places],
                customdata=[escape(layers[place]) for place in places],
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 1.5},
                hovertext=hover(norms[layers[place]] for place in places),
                hovertemplate="%{customdata}: %{hovertext}",
            )
    title = f"2-norm, of the {analysis.score}"
    drawn = (value for norms in shown.values() for value in norms.values())
    figure.update_yaxes(title=title, **log_axis(drawn))
    figure.update_xaxes(range=[-0.5, len(layers) - 0.5], **layer_ticks(layers))
    figure.update_layout(title=escape(analysis.network), showlegend=True)
    return styled(figure, height=380)


def comparison_figure(comparison: Comparison, quantity: Quantity | str, text: Text) -> go.Figure:
    """Gradient norms by layer of both networks."""
    try:
        chosen = Quantity(quantity)
    except ValueError:
        known = ", ".join(Quantity)
        raise OptionError(
            "option_unknown", option="quantity", value=quantity, known=known
        ) from None
    return gradient_figure(
        gradient_curves(comparison, chosen, text),
        quantity=chosen,
        score=comparison.sides.first.analysis.score,
        selected=None,
        text=text,
    )


def scores_figure(scores: Faithfulness) -> go.Figure:
    """The curves of the scores that are areas under one; bars of all others without any."""
    figure = go.Figure()
    curves = [s for s in scores if s.name in _CURVES and s.fractions is not None]
    for colour, score in zip(SERIES, curves, strict=False):
        assert score.fractions is not None
        assert score.values is not None
        figure.add_scatter(
            x=(100 * score.fractions).astype(float).tolist(),
            y=score.values.astype(float).tolist(),
            name=f"{score.name}: {readable(score.value)}",
            mode="lines",
            line={"color": colour},
        )
    if curves:
        figure.update_xaxes(title="% of the pixels", range=[0, 100])
        figure.update_yaxes(title="probability of the target")
    else:
        figure.add_bar(x=[s.name for s in scores], y=[float(s.value) for s in scores])
    figure.update_layout(title=escape(f"{scores.network}, {scores.method}"), showlegend=True)
    return styled(figure, height=340)


def picture_figure(pixels: UInt8[np.ndarray, "height width 3"], title: str) -> go.Figure:
    """A picture as a figure that can be zoomed."""
    figure = go.Figure(go.Image(z=pixels))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(title=escape(title))
    return styled(figure, height=max(320, min(900, pixels.shape[0])))


_STEPS = [step / 16 for step in range(17)]


def _cam(analysis: Analysis, layer: str | None, image: int) -> Float[np.ndarray, "..."]:
    if layer is None:
        layer = next(reversed(list(analysis.cams)), "")
    if not 0 <= image < len(analysis):
        raise OptionError(
            "option_range", value=image, option="image", least=0, most=len(analysis) - 1
        )
    return np.asarray(analysis.cams[layer][image])


def _range(values: Float[np.ndarray, "..."], *, signed: bool) -> ColourRange:
    found = ColourRange.of(values)
    top = max(abs(found.low), abs(found.high)) or 1.0
    return ColourRange(-top if signed else 0.0, top)
