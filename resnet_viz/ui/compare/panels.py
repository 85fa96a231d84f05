"""The tabs of Compare; only the open one is computed."""

from collections.abc import Callable

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    Quantity,
    footing_sentence,
    gradient_curves,
)
from resnet_viz.figures.gradient_plot import gradient_caption, gradient_figure
from resnet_viz.figures.map_overlays import enlarge_pixels
from resnet_viz.records import BatchNormMode, Comparison, Score, WeightSource
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare.feature_panel import show_features
from resnet_viz.ui.compare.prediction_panel import show_predictions
from resnet_viz.ui.compare.selection import Selection
from resnet_viz.ui.compare.takeaway import show_code
from resnet_viz.ui.frame.named_tabs import named_tabs
from resnet_viz.ui.frame.session import COMPARE_TAB, SCORE
from resnet_viz.ui.frame.words import md_escape

Panel = Callable[[Question, Comparison, Selection, Text], None]


def show(question: Question, comparison: Comparison, selection: Selection, text: Text) -> None:
    """Show all panels as tabs."""
    panels: dict[str, Panel] = {
        "features": show_features,
        "gradients": _gradients,
        "predictions": show_predictions,
        "seen": _seen,
        "code": show_code,
    }
    opened, tab = named_tabs(COMPARE_TAB, {name: text(f"tabs.{name}") for name in panels})
    with tab:
        panels[opened](question, comparison, selection, text)


def _gradients(
    question: Question, comparison: Comparison, selection: Selection, text: Text
) -> None:
    left, right = st.columns([3, 2])
    quantity = Quantity(
        left.segmented_control(
            text("gradients.quantity"),
            list(Quantity),
            default=Quantity.WEIGHT.value,
            format_func=lambda name: text(f"gradients.{name}"),
            key="quantity",
            required=True,
            wrap=True,
            persist_state="page",
            help=text("gradients.quantity_help"),
        )
        or Quantity.WEIGHT
    )
    right.segmented_control(
        text("gradients.score"),
        list(Score),
        default=Score.LOGIT.value,
        format_func=lambda name: text(f"gradients.score_{name}"),
        key=SCORE.name,
        required=True,
        persist_state="page",
        help=text("gradients.score_help"),
    )
    curves = gradient_curves(comparison, quantity, text)
    figure = gradient_figure(
        curves,
        quantity=quantity.value,
        score=question.score.value,
        selected=comparison.layers_at(selection.layer),
        text=text,
    )
    st.plotly_chart(figure, key="gradient_plot", config={"displayModeBar": False})
    st.markdown(md_escape(gradient_caption(curves, text)))
    note = text(f"gradients.{_batch_norm_note(comparison)}")
    st.caption(" ".join([note, md_escape(footing_sentence(comparison, text))]))


def _batch_norm_note(comparison: Comparison) -> str:
    first = comparison.sides.first
    if first.analysis.batch_norm is not BatchNormMode.EVAL:
        return f"batch_norm_{first.analysis.batch_norm}"
    fresh = first.source is WeightSource.RANDOM
    return "batch_norm_samples" if fresh else "batch_norm_eval"


def _seen(question: Question, comparison: Comparison, selection: Selection, text: Text) -> None:
    side = comparison.seen.shape[0]
    factor = max(1, 384 // side)
    st.image(enlarge_pixels(comparison.seen, factor), width=side * factor, alt=text("seen.alt"))
    st.caption(text("seen.caption", size=side))
