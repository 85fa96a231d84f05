"""The tabs of Compare; only the open one is computed."""

from collections.abc import Callable

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    Quantity,
    cam_rows,
    footing_sentence,
    full_titles,
    gradient_curves,
    short_titles,
)
from resnet_viz.figures.gradient_plot import gradient_caption, gradient_figure
from resnet_viz.figures.map_overlays import enlarge_pixels
from resnet_viz.records import BatchNormMode, Comparison, Score, WeightSource
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare.block_panel import show_block
from resnet_viz.ui.compare.feature_panel import show_features
from resnet_viz.ui.compare.takeaway import show_code
from resnet_viz.ui.frame.session import OPACITY, OWN_SCALE, SCORE
from resnet_viz.ui.frame.words import md_escape

Panel = Callable[[Question, Comparison, str, Text], None]


def show(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    """Show all panels as tabs."""
    panels: dict[str, Panel] = {
        "all_blocks": _all_blocks,
        "features": show_features,
        "block": show_block,
        "gradients": _gradients,
        "seen": _seen,
        "code": show_code,
    }
    tabs = st.tabs([text(f"tabs.{name}") for name in panels], key="tab", on_change="rerun")
    for tab, panel in zip(tabs, panels.values(), strict=True):
        if tab.open:
            with tab:
                panel(question, comparison, layer, text)


def _all_blocks(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    opacity = OPACITY.get() / 100
    own = OWN_SCALE.get()
    blocks = max(len(side.spec.blocks()) for side in comparison.sides)
    rows = cam_rows(comparison, layer, opacity=opacity, own=own, columns=min(blocks, 9))
    titles = full_titles(comparison, text).join(short_titles(comparison, text))
    for row, (title, network) in rows.join(titles):
        st.markdown(f"**{md_escape(title)}**")
        st.image(
            row.pixels,
            width="stretch",
            output_format="JPEG",
            alt=text("all_blocks.alt", network=network),
        )
    high = " / ".join(dict.fromkeys(f"{row.colour_range.high:.3g}" for row in rows))
    scale = text("compare.own_scale_note" if own else "compare.shared_scale_note")
    st.caption(text("all_blocks.caption", high=high, scale=scale))


def _gradients(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
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
        selected=comparison.layers_at(layer),
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


def _seen(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    side = comparison.seen.shape[0]
    factor = max(1, 384 // side)
    st.image(enlarge_pixels(comparison.seen, factor), width=side * factor, alt=text("seen.alt"))
    st.caption(text("seen.caption", size=side))
