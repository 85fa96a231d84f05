"""``report.html``: pictures and interactive plots in one file that works offline."""

from collections.abc import Mapping

from markupsafe import Markup

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    ColouredPicture,
    Quantity,
    footing_sentence,
    full_titles,
    gradient_curves,
    short_titles,
)
from resnet_viz.figures.gradient_plot import gradient_caption, gradient_figure
from resnet_viz.figures.opened_block import Spot, opened_channels
from resnet_viz.figures.prediction_plot import (
    PredictionSide,
    headline,
    prediction_figure,
)
from resnet_viz.figures.stage_drawing import strip_rows
from resnet_viz.figures.strip import strips
from resnet_viz.records import Comparison, Pair, Side
from resnet_viz.report.comparison_code import python_lines
from resnet_viz.report.html_document import plot_markup, render

_TILE = 160  # pixels


def page(
    comparison: Comparison,
    layer: str,
    pictures: Mapping[str, Pair[ColouredPicture]],
    text: Text,
    spot: Spot,
) -> str:
    """The document as text.

    ``pictures`` holds "overlay", "all_blocks" and "features" of ``layer``, for both networks;
    ``spot`` is the channel and the pixel that are written out.
    """
    titles, names = full_titles(comparison, text), short_titles(comparison, text)
    rows = strip_rows(comparison, layer, text)
    drawn, legend = strips([*rows], text)
    predictions = prediction_figure(_predictions(comparison, titles))
    return render(
        "comparison.html",
        text,
        title=text("report.title", first=names.first, second=names.second, picture=comparison.name),
        titles=titles,
        layer=" / ".join(dict.fromkeys(comparison.layers_at(layer))),
        answers=headline(comparison, _predictions(comparison, names), text),
        footing=footing_sentence(comparison, text),
        pictures=pictures,
        predictions=plot_markup(predictions, with_plotly=True),
        strips=Pair(*map(Markup, drawn)),  # they escape
        legend=legend,
        opened=opened_channels(comparison, layer, spot, side_length=_TILE),
        gradients=[_gradients(comparison, quantity, layer, text) for quantity in Quantity],
        seen=comparison.seen,
        code=python_lines(comparison, layer),
    )


def _predictions(comparison: Comparison, titles: Pair[str]) -> Pair[PredictionSide]:
    def titled(both: tuple[Side, str]) -> PredictionSide:
        side, title = both
        return PredictionSide(side.role, title, side.analysis.predictions(side.classes))

    return comparison.sides.join(titles).map(titled)


def _gradients(
    comparison: Comparison, quantity: Quantity, layer: str, text: Text
) -> tuple[Quantity, Markup, str]:
    """A quantity's plot and caption."""
    curves = gradient_curves(comparison, quantity, text)
    score = comparison.sides.first.analysis.score.value
    figure = gradient_figure(
        curves,
        quantity=quantity.value,
        score=score,
        selected=comparison.layers_at(layer),
        text=text,
    )
    return quantity, plot_markup(figure), gradient_caption(curves, text)
