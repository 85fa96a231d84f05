"""The Explain page below its form: both maps, their faithfulness, and the panels."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.cam_family import cam_formulas
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.method_names import MethodName
from resnet_viz.figures.comparison_drawing import distinct_titles, network_title
from resnet_viz.figures.explanation_plots import (
    block_rows,
    curves_figure,
    map_overlay,
    map_palette,
    map_range,
)
from resnet_viz.figures.footing_words import unequal_footing, with_footing
from resnet_viz.figures.palettes import colour_bar
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture, to_png
from resnet_viz.records import ByLayer, Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import Better
from resnet_viz.records.map_facts import Completeness
from resnet_viz.report.explanation_code import explanation_code
from resnet_viz.report.explanation_files import explanation_archive
from resnet_viz.ui.choose.network_choice import remember_choice
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.explain.channels_panel import show_channels
from resnet_viz.ui.explain.explanation_jobs import submit_blocks, wait_both
from resnet_viz.ui.explain.gallery import show_gallery
from resnet_viz.ui.explain.methods_table import show_table
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import OPACITY
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.answer import picture_and_twins, refuse, say_refusal
from resnet_viz.ui.running.waiting import wait

_ARROWS = {Better.LOW: "↓", Better.HIGH: "↑"}  # which way is better


def show_explanations(question: Question, requests: Pair[ExplainRequest], text: Text) -> None:
    """Show both explanations and the panels; an error becomes a sentence and the form stays."""
    say_refusal(text)
    try:
        picture, pair = picture_and_twins(question, text)
        remember_choice()
        explained = _explained(pair, picture, requests, text)
    except ResnetVizError as error:
        refuse(error)
        show_error(error, text)
        return
    titles = explained_titles(pair, text)
    if explained is not None:
        _take_away(explained, requests.first, text)
        with _section("blocks_open", "explain.all_blocks", text) as opened:
            if opened.open:
                _blocks(picture, pair, explained, titles, text)
        with _section("channels_open", "explain_channels.title", text) as opened:
            if opened.open:
                show_channels(question, picture, pair, explained, titles, text)
        with _section("table_open", "explain.compare_methods", text) as opened:
            if opened.open:
                show_table(picture, pair, requests, titles, text)
    with _section("gallery_open", "gallery.title", text) as opened:
        if opened.open:
            show_gallery(question, requests, titles, text)


def _section(key: str, title: str, text: Text) -> Any:  # noqa: ANN401  # Streamlit's container
    return st.expander(text(title), key=key, on_change="rerun")


def _explained(
    pair: Pair[Loaded], picture: Picture, requests: Pair[ExplainRequest], text: Text
) -> Pair[ExplainedPicture] | None:
    """Show both maps and, unless disabled, their scores; None while stopped."""
    method = text(f"methods.{requests.first.method}")
    explained = wait_both(
        pair, picture, requests, scored=False, label=text("explain.working", method=method),
        text=text,
    )  # fmt: skip
    if explained is None:
        return None
    titles = explained_titles(pair, text)
    footings = pair.map(lambda loaded: loaded.footing)
    reached = titles.join(footings).map(lambda both: with_footing(*both, text))
    _maps(explained, reached, text)
    if unequal := unequal_footing([*titles.join(footings)], text):
        st.caption(md_escape(unequal))
    if not st.toggle(text("explain.measure"), value=True, key="measure"):
        return explained
    scored = wait_both(
        pair, picture, requests, scored=True, label=text("explain.measuring"), text=text
    )
    if scored is not None:
        _scores(scored, titles, text)
    return scored or explained


def explained_titles(pair: Pair[Loaded], text: Text) -> Pair[str]:
    """Return the networks' titles, with their weights where the networks are the same."""
    names = pair.map(lambda loaded: network_title(loaded.spec, text))
    if names.first != names.second:
        return names

    def whole(loaded: Loaded) -> str:
        seed = loaded.training.get("seed")
        weights = text(f"weights_note.{loaded.source}", name=loaded.weights, seed=seed)
        title = network_title(loaded.spec, text)
        return text("names.with_weights", network=title, weights=weights)

    return distinct_titles(pair.map(whole), text)


def _maps(explained: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    opacity = st.slider(
        text("compare.opacity"), 0, 100, OPACITY.default, 5, format="%d %%", key=OPACITY.name
    )
    colours = map_range([explained.first.explanation, explained.second.explanation])
    bar = to_png(colour_bar(map_palette(explained.first.explanation), width=400, height=9))
    for column, (side, title) in zip(st.columns(2), explained.join(titles), strict=True):
        explanation = side.explanation
        with column:
            st.markdown(f"**{md_escape(title)}**")
            share = 100 * float(side.probabilities[side.target])
            st.caption(
                text(
                    "explain.answered",
                    target=md_escape(class_label(side.target_label, text)),
                    probability=f"{share:.1f}",
                )
            )
            st.image(
                map_overlay(side, colours, opacity=opacity / 100).pixels,
                width="stretch",
                output_format="JPEG",
                alt=text("explain.alt", network=title),
            )
            st.image(bar, width="stretch", alt="")
            statistics = explanation.statistics
            st.caption(
                text(
                    "explain.range",
                    low=readable(colours.low),
                    high=readable(colours.high),
                    minimum=readable(statistics.minimum),
                    maximum=readable(statistics.maximum),
                    target=md_escape(class_label(side.target_label, text)),
                    layer=md_escape(_place(explanation, text)),
                )
            )
            if explanation.blank is not None:
                st.info(text(f"explain.blank_{explanation.blank}"))
            if explanation.completeness is not None:
                st.caption(_complete(explanation.completeness, text))


def _place(explanation: Explanation, text: Text) -> str:
    fused = explanation.fused
    if fused is None:
        return explanation.layer or text("explain.at_input")
    return text(f"explain.fused_{fused.how}", layers=", ".join(fused.layers))


def _complete(completeness: Completeness, text: Text) -> str:
    return text(
        "explain.completeness",
        attributed=f"{completeness.attributed:.3f}",
        difference=f"{completeness.difference:.3f}",
        error=readable(completeness.error, 2),
    )


def _scores(explained: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    if not (explained.first.scores and explained.second.scores):
        st.caption(text("explain.no_scores"))
        return
    st.subheader(text("explain.scores_title"), anchor=False)
    values = explained.map(lambda side: {score.name: score.value for score in side.scores})
    left, right = st.columns(2)
    rows = [
        {
            text("explain.column_score"): f"{text(f'scores.{score.name}')} {_ARROWS[score.better]}",
            titles.first: values.first[score.name],
            titles.second: values.second[score.name],
        }
        for score in explained.first.scores
    ]
    left.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key="scores")
    right.plotly_chart(
        curves_figure(explained, titles, text), key="curves", config={"displayModeBar": False}
    )
    st.caption(
        text(
            "explain.scores_caption",
            deletion_first=f"{values.first['deletion']:.2f}",
            deletion_second=f"{values.second['deletion']:.2f}",
            insertion_first=f"{values.first['insertion']:.2f}",
            insertion_second=f"{values.second['insertion']:.2f}",
        )
    )


def _take_away(explained: Pair[ExplainedPicture], request: ExplainRequest, text: Text) -> None:
    st.download_button(
        text("explain.download"),
        lambda: explanation_archive(explained),
        file_name=f"explain-{request.method}.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("explain.download_help"),
        key="explain_download",
    )
    with st.expander(text("explain.code")):
        st.code(explanation_code(explained), language="python")


def _blocks(
    picture: Picture,
    twins: Pair[Loaded],
    explained: Pair[ExplainedPicture],
    titles: Pair[str],
    text: Text,
) -> None:
    explanation = explained.first.explanation
    method = MethodName(explanation.method)
    if method not in cam_formulas():
        st.info(text("explain.all_blocks_only_cam"))
        return
    label = text("explain.working", method=text(f"methods.{method}"))

    def submitted(both: tuple[Loaded, ExplainedPicture]) -> Running[ByLayer[np.ndarray]]:
        loaded, own = both
        return submit_blocks(loaded, picture, method, own.target, own.explanation.against)

    jobs = twins.join(explained).map(submitted)  # in parallel
    rows = block_rows(explained, jobs.map(lambda job: wait(job, label)))
    for title, row in titles.join(rows):
        st.markdown(f"**{md_escape(title)}**")
        st.image(row.pixels, width="stretch", output_format="JPEG",
                 alt=text("explain.alt", network=title))  # fmt: skip
    high = readable(rows.first.colour_range.high)
    st.caption(text("explain.all_blocks_caption", high=high))
