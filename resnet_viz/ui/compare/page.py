"""The Compare page: the strip, both pictures, and panels about the selected layer."""

from dataclasses import replace
from functools import cache

import streamlit as st

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    CAM_PALETTE,
    cam_range,
    footing_sentence,
    full_titles,
    short_titles,
    strip_rows,
)
from resnet_viz.figures.live_cams import live_cams
from resnet_viz.figures.palettes import colour_bar
from resnet_viz.figures.prediction_plot import (
    PredictionSide,
    headline,
    prediction_figure,
)
from resnet_viz.figures.strip import strip_svg
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Comparison, Pair, Prediction, Score, Side
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare import panels
from resnet_viz.ui.compare.selection import choose_layer, selected_layer
from resnet_viz.ui.compare.takeaway import offer
from resnet_viz.ui.frame.components.clickable_strip import strip
from resnet_viz.ui.frame.components.live_overlay import overlay
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.session import LAYER, OPACITY, OWN_SCALE, SCORE
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.answer import answer


def show_comparison(question: Question, text: Text) -> None:
    """Show everything right of the sidebar."""
    comparison = answer(question, text)
    _heading(question, comparison, text)
    _notes(comparison, text)
    _explore(question, text)


def _heading(question: Question, comparison: Comparison, text: Text) -> None:
    caption, actions = st.columns([3, 1], vertical_alignment="center")
    with caption:
        sentence = headline(comparison, _predictions(comparison, text), text)
        st.markdown(f"##### {md_escape(sentence)}")
    with actions:
        offer(question, text)


def _notes(comparison: Comparison, text: Text) -> None:
    """Show notes about the weights, for example that there is no trained twin."""
    if unequal := footing_sentence(comparison, text):
        st.caption(md_escape(unequal))
    for key in sorted({f"notes.{side.source}" for side in comparison.sides}):
        if text.has(key):
            st.caption(text(key))


@st.fragment
def _explore(question: Question, text: Text) -> None:
    question = replace(question, score=Score(SCORE.get()))
    comparison = answer(question, text)
    layers = comparison.layers
    layer = selected_layer(layers, comparison)
    _strip(comparison, layer, text)
    _controls(layers, comparison, text)
    _pictures(question, comparison, layer, text)
    _prediction_plot(question, comparison, text)
    panels.show(question, comparison, layer, text)


def _prediction_plot(question: Question, comparison: Comparison, text: Text) -> None:
    figure = results().cached(
        ("predictions", question, text.language),
        lambda: prediction_figure(_predictions(comparison, text)),
        size=50_000,
    )
    st.plotly_chart(figure, key="predictions", config={"displayModeBar": False})


def _strip(comparison: Comparison, layer: str, text: Text) -> None:
    strip(
        strip_svg(strip_rows(comparison, layer, text), text=text),
        layers=comparison.sides.first.spec.blocks(),
        selected=layer,
        opacity=OPACITY.get() / 100,
        own=OWN_SCALE.get(),
        label=text("compare.strip_label"),
        key="strip",
        on_pick=LAYER.set,
    )


def _controls(layers: list[str], comparison: Comparison, text: Text) -> None:
    left, middle, right = st.columns([2, 2, 2], vertical_alignment="bottom")
    with left:
        choose_layer(layers, comparison, text)
    middle.slider(
        text("compare.opacity"), 0, 100, OPACITY.default, 5, format="%d %%", key=OPACITY.name
    )
    right.toggle(text("compare.own_scale"), key=OWN_SCALE.name, help=text("compare.own_scale_help"))


def _pictures(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    own = OWN_SCALE.get()
    cams, photo = _live(question, comparison)
    ranges = cam_range(comparison, layer, own=own)
    titles = full_titles(comparison, text).join(short_titles(comparison, text))
    shown = comparison.sides.join(comparison.layers_at(layer)).join(cams.join(ranges)).join(titles)
    for column, (((side, own_layer), (own_cams, colours)), (title, network)) in zip(
        st.columns(2), shown, strict=True
    ):
        with column:
            st.markdown(f"**{md_escape(title)}**")
            overlay(
                own_cams,
                photo,
                side=comparison.photo.shape[0],
                alt=text("compare.overlay_alt", network=network, layer="{layer}"),
                key=f"overlay_{side.role}",
            )
            st.image(_colour_bar(), width="stretch", alt="")
            scale = text("compare.own_scale_note" if own else "compare.shared_scale_note")
            st.caption(
                text(
                    "compare.colour_bar",
                    own=f"{side.analysis.cams[own_layer][0].max():.3g}",
                    high=f"{colours.high:.3g}",
                    scale=scale,
                    layer=md_escape(own_layer),
                    target=md_escape(class_label(side.target_label, text)),
                )
            )


def _live(question: Question, comparison: Comparison) -> tuple[Pair[JsonObject], str]:
    """Return all maps and the photograph as the browser needs them; packed once."""
    return results().cached(
        ("live", question, comparison.digest),
        lambda: (live_cams(comparison), data_uri(comparison.photo)),
        size=2_000_000,
    )


@cache
def _colour_bar() -> bytes:
    return to_png(colour_bar(CAM_PALETTE, width=400, height=9))


def _predictions(comparison: Comparison, text: Text) -> Pair[PredictionSide]:
    """Return both networks' predictions, with classes in the page's language."""

    def translated(titled: tuple[Side, str]) -> PredictionSide:
        side, title = titled
        rows = side.analysis.predictions(side.classes)
        words = [Prediction(p.index, class_label(p.label, text), p.probability) for p in rows]
        return PredictionSide(side.role, title, words)

    return comparison.sides.join(short_titles(comparison, text)).map(translated)
