"""The Compare page: the stage, and panels about the selected layer."""

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import footing_sentence
from resnet_viz.figures.prediction_plot import headline
from resnet_viz.records import Comparison, Score
from resnet_viz.ui.choose.known_classes import known_classes
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare import panels
from resnet_viz.ui.compare.prediction_panel import translated_predictions
from resnet_viz.ui.compare.selection import Selection, selected, take
from resnet_viz.ui.compare.stage_data import kept_data, shown_data
from resnet_viz.ui.compare.takeaway import offer
from resnet_viz.ui.frame.components.stage import stage
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.session import OWN_SCALE, SCORE
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.answer import answer

_KEPT_BYTES = 1_500_000
_TARGET_WIDTH = 210  # pixels


@dataclass(frozen=True)
class Bar:
    """The bar above the pictures: places for the headline, the target class and the downloads."""

    headline: DeltaGenerator
    target: DeltaGenerator
    takeaway: DeltaGenerator


def open_bar(text: Text) -> Bar:
    """Show the bar with the page's name."""
    with st.container(horizontal=True, vertical_alignment="center", key="compare_bar"):
        place = st.container(width="stretch", key="compare_headline")
        target = st.container(width=_TARGET_WIDTH, key="compare_target")
        takeaway = st.container(horizontal=True, width="content", key="compare_takeaway")
    return Bar(place, target, takeaway)


def show_comparison(question: Question, bar: Bar, text: Text) -> None:
    """Show everything right of the sidebar."""
    comparison = answer(question, text)
    sentence = headline(comparison, translated_predictions(comparison, text), text)
    bar.headline.markdown(f"###### {md_escape(sentence)}")
    with bar.takeaway:
        offer(question, text)
    _explore(question, text)


@st.fragment
def _explore(question: Question, text: Text) -> None:
    question = replace(question, score=Score(SCORE.get()))
    comparison = answer(question, text)
    selection = selected(comparison)
    _stage(question, comparison, selection, text)
    _notes(question, comparison, text)
    panels.show(question, comparison, selection, text)


def _stage(question: Question, comparison: Comparison, selection: Selection, text: Text) -> None:
    own = OWN_SCALE.get()
    kept = results().cached(
        ("stage", question, comparison.digest, own, text.language),
        lambda: kept_data(comparison, question, own=own, text=text),
        size=_KEPT_BYTES,
    )
    stage(
        kept,
        shown_data(comparison, selection, kept),
        key="stage",
        on_pick=lambda picked: take(picked, comparison),
    )


def _notes(question: Question, comparison: Comparison, text: Text) -> None:
    """Show notes about the weights, for example that there is no trained twin."""
    if unequal := footing_sentence(comparison, text):
        st.caption(md_escape(unequal))
    if classes := known_classes(question.picture, question.first.classes, text):
        st.caption(md_escape(classes))
    for key in sorted({f"notes.{side.source}" for side in comparison.sides}):
        if text.has(key):
            st.caption(text(key))
