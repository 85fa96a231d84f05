"""The five most probable classes of both networks, and a caption."""

from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resnet_viz.core.number_format import percent, readable
from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, styled
from resnet_viz.records import Comparison, Pair, Prediction, Role, Side, WeightSource

_EQUAL = 0.005  # shares closer than this print as equally sure


@dataclass(frozen=True)
class PredictionSide:
    """One network's predictions, the most probable class first."""

    role: Role
    title: str
    predictions: list[Prediction]


def prediction_figure(sides: Pair[PredictionSide]) -> go.Figure:
    """Horizontal bars, the most probable class on top, the first network left."""
    figure = make_subplots(
        cols=2,
        horizontal_spacing=0.16,
        subplot_titles=[escape(side.title) for side in sides],
    )
    for column, side in enumerate(sides, 1):
        labels = [escape(row.label) for row in side.predictions]
        shares = [row.probability for row in side.predictions]
        figure.add_bar(
            x=shares,
            y=list(range(len(labels))),
            text=[percent(share) for share in shares],
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            marker_color=STYLES[side.role].colour,
            customdata=labels,
            hovertemplate="%{customdata}: %{text}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_yaxes(
            tickmode="array",
            tickvals=list(range(len(labels))),
            ticktext=labels,
            autorange="reversed",
            showgrid=False,
            row=1,
            col=column,
        )
    figure.update_xaxes(range=[0, 1.14], tickformat=".0%", tickvals=[0, 0.5, 1])
    figure.update_layout(showlegend=False, bargap=0.35)
    figure.update_annotations(font_size=13)
    return styled(figure, height=210)


def headline(comparison: Comparison, sides: Pair[PredictionSide], text: Text) -> str:
    """One sentence on what both networks say; untrained networks have nothing to say."""
    untrained = comparison.sides.map(lambda side: side.source is WeightSource.RANDOM)
    if not any(untrained):
        return prediction_caption(sides, text)
    if all(untrained):
        norms = comparison.sides.map(_first_gradient)
        return text(
            "figures.both_untrained",
            first=sides.first.title,
            second=sides.second.title,
            first_norm=norms.first,
            second_norm=norms.second,
        )
    trained, fresh = sides if untrained.second else (sides.second, sides.first)
    top = trained.predictions[0]
    return text(
        "figures.one_untrained",
        trained=trained.title,
        label=top.label,
        share=percent(top.probability),
        untrained=fresh.title,
    )


def _first_gradient(side: Side) -> str:
    """The activation-gradient norm at the first block."""
    norms = side.analysis.activation_gradient_norms
    first = next((block for block in side.spec.blocks() if block in norms), None)
    return "–" if first is None else readable(float(norms[first][0]), 2)


def prediction_caption(sides: Pair[PredictionSide], text: Text) -> str:
    """One sentence: whether both networks agree, and which one is more certain."""
    if not all(side.predictions for side in sides):
        return ""
    first, second = (side.predictions[0] for side in sides)
    values = {
        "first": sides.first.title,
        "second": sides.second.title,
        "first_label": first.label,
        "second_label": second.label,
        "first_share": percent(first.probability),
        "second_share": percent(second.probability),
    }
    if first.index != second.index:
        return text("figures.disagree", **values)
    if abs(first.probability - second.probability) < _EQUAL:
        return text("figures.agree_equally", **values)
    surer = "first" if first.probability > second.probability else "second"
    return text(f"figures.agree_{surer}", **values)
