"""The five most probable classes of both networks, and a caption."""

from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import COLOURS, styled
from resnet_viz.records import Pair, Prediction
from resnet_viz.spec import Kind

_EQUAL = 0.005  # shares closer than this print as equally sure


def prediction_figure(predictions: Pair[list[Prediction]], titles: Pair[str]) -> go.Figure:
    """Horizontal bars, the most probable class on top, residual left, plain right."""
    figure = make_subplots(
        cols=2,
        horizontal_spacing=0.16,
        subplot_titles=[escape(title) for _, title in titles.items()],
    )
    for column, (kind, rows) in enumerate(predictions.items(), 1):
        labels = [escape(row.label) for row in rows]
        shares = [row.probability for row in rows]
        figure.add_bar(
            x=shares,
            y=list(range(len(rows))),
            text=[percent(share) for share in shares],
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            marker_color=COLOURS[Kind(kind)],
            customdata=labels,
            hovertemplate="%{customdata}: %{text}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_yaxes(
            tickmode="array",
            tickvals=list(range(len(rows))),
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


def prediction_caption(predictions: Pair[list[Prediction]], names: Pair[str], text: Text) -> str:
    """One sentence: whether both networks agree, and which one is more certain."""
    if not predictions.first or not predictions.second:
        return ""
    residual, plain = predictions.first[0], predictions.second[0]
    values = {
        "residual": names.first,
        "plain": names.second,
        "residual_label": residual.label,
        "plain_label": plain.label,
        "residual_share": percent(residual.probability),
        "plain_share": percent(plain.probability),
    }
    if residual.index != plain.index:
        return text("figures.disagree", **values)
    if abs(residual.probability - plain.probability) < _EQUAL:
        return text("figures.agree_equally", **values)
    surer = "residual" if residual.probability > plain.probability else "plain"
    return text(f"figures.agree_{surer}", **values)


def percent(share: float) -> str:
    """A share in percent, with one decimal below 10 %."""
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"
