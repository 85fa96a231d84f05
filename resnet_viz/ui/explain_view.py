"""Both maps side by side, how faithful they are, and what to take away."""

import pandas as pd
import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.errors import ResnetVizError
from resnet_viz.figures.comparison import network_title
from resnet_viz.figures.explanation import (
    block_rows,
    curves_figure,
    map_overlay,
    map_palette,
    map_range,
)
from resnet_viz.figures.palettes import colour_bar
from resnet_viz.pictures import Picture, to_png
from resnet_viz.probe.cam_methods import CamMethod
from resnet_viz.probe.explained import Request
from resnet_viz.probe.methods import METHODS, Family
from resnet_viz.records import Pair
from resnet_viz.records.explanation import Better, Completeness, ExplainedPicture
from resnet_viz.report.explanation import explanation_archive, explanation_code
from resnet_viz.text import Text
from resnet_viz.ui.answer import picture_and_twins
from resnet_viz.ui.explain_jobs import submit, submit_blocks
from resnet_viz.ui.explain_table import show_table
from resnet_viz.ui.messages import show_error
from resnet_viz.ui.question import Question, class_label
from resnet_viz.ui.waiting import wait
from resnet_viz.ui.words import md_escape

_ARROWS = {Better.LOW: "↓", Better.HIGH: "↑"}  # which way is better


def show_explanations(question: Question, request: Request, text: Text) -> None:
    """Everything under the form; an error is a sentence in its place, the form stays."""
    try:
        picture, twins = picture_and_twins(question, text)
        label = text("explain.working", method=text(f"methods.{request.method}"))
        jobs = twins.map(lambda loaded: submit(loaded, picture, request, scored=False))
        found = jobs.map(lambda job: wait(job, label))
    except ResnetVizError as error:
        show_error(error, text)
        return
    titles = twins.map(lambda loaded: network_title(loaded.spec, text))
    _maps(found, titles, text)
    measure = st.toggle(text("explain.measure"), value=True, key="measure")
    if measure:
        found = _measured(picture, twins, request, text)
        _scores(found, titles, text)
    _take_away(found, request, text)
    with st.expander(text("explain.all_blocks"), key="blocks_open", on_change="rerun") as opened:
        if opened.open:
            _blocks(picture, twins, found, text)
    with st.expander(text("explain.compare_methods"), key="table_open", on_change="rerun") as more:
        if more.open:
            show_table(picture, twins, request, titles, text)


def _maps(found: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    opacity = st.slider(text("compare.opacity"), 0, 100, 55, 5, format="%d %%", key="opacity")
    colours = map_range([found.residual.explanation, found.plain.explanation])
    bar = to_png(colour_bar(map_palette(found.residual.explanation), width=400, height=9))
    for column, (kind, made), (_, title) in zip(
        st.columns(2), found.items(), titles.items(), strict=True
    ):
        explanation = made.explanation
        with column:
            st.markdown(f"**{md_escape(title)}**")
            share = 100 * float(explanation.probabilities[explanation.target])
            st.caption(
                text(
                    "explain.answered",
                    target=md_escape(class_label(made.target_label, text)),
                    probability=f"{share:.1f}",
                )
            )
            st.image(
                map_overlay(made, colours, opacity=opacity / 100).pixels,
                width="stretch",
                output_format="JPEG",
                alt=text(f"explain.alt_{kind}"),
            )
            st.image(bar, width="stretch", alt="")
            statistics = explanation.statistics
            st.caption(
                text(
                    "explain.range",
                    low=f"{colours.low:.3g}",
                    high=f"{colours.high:.3g}",
                    minimum=f"{statistics.minimum:.3g}",
                    maximum=f"{statistics.maximum:.3g}",
                    target=md_escape(class_label(made.target_label, text)),
                    layer=md_escape(explanation.layer or text("explain.at_input")),
                )
            )
            if explanation.blank is not None:
                st.info(text(f"explain.blank_{explanation.blank}"))
            if explanation.completeness is not None:
                st.caption(_complete(explanation.completeness, text))


def _complete(found: Completeness, text: Text) -> str:
    return text(
        "explain.completeness",
        attributed=f"{found.attributed:.3f}",
        difference=f"{found.difference:.3f}",
        error=f"{found.error:.2g}",
    )


def _measured(
    picture: Picture, twins: Pair[Loaded], request: Request, text: Text
) -> Pair[ExplainedPicture]:
    jobs = twins.map(lambda loaded: submit(loaded, picture, request, scored=True))
    return jobs.map(lambda job: wait(job, text("explain.measuring")))


def _scores(found: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    if not (found.residual.scores and found.plain.scores):
        return
    st.subheader(text("explain.scores_title"), anchor=False)
    values = found.map(lambda made: {score.name: score.value for score in made.scores})
    left, right = st.columns(2)
    rows = [
        {
            text("explain.column_score"): f"{text(f'scores.{score.name}')} {_ARROWS[score.better]}",
            titles.residual: values.residual[score.name],
            titles.plain: values.plain[score.name],
        }
        for score in found.residual.scores
    ]
    left.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key="scores")
    right.plotly_chart(
        curves_figure(found, titles, text), key="curves", config={"displayModeBar": False}
    )
    st.caption(
        text(
            "explain.scores_caption",
            deletion_residual=f"{values.residual['deletion']:.2f}",
            deletion_plain=f"{values.plain['deletion']:.2f}",
            insertion_residual=f"{values.residual['insertion']:.2f}",
            insertion_plain=f"{values.plain['insertion']:.2f}",
        )
    )


def _take_away(found: Pair[ExplainedPicture], request: Request, text: Text) -> None:
    st.download_button(
        text("explain.download"),
        lambda: explanation_archive(dict(found.items())),
        file_name=f"explain-{request.method}.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("explain.download_help"),
        key="explain_download",
    )
    with st.expander(text("explain.code")):
        st.code(explanation_code(found.residual), language="python")


def _blocks(
    picture: Picture, twins: Pair[Loaded], found: Pair[ExplainedPicture], text: Text
) -> None:
    explanation = found.residual.explanation
    if METHODS[explanation.method].family is not Family.CAM:
        st.info(text("explain.all_blocks_only_cam"))
        return
    method = CamMethod(explanation.method)
    label = text("explain.working", method=text(f"methods.{method}"))
    jobs = [
        submit_blocks(loaded, picture, method, made.explanation.target, made.explanation.against)
        for (_, loaded), (_, made) in zip(twins.items(), found.items(), strict=True)
    ]
    maps = Pair(*[wait(job, label) for job in jobs])
    rows = block_rows(found, maps, explanation.layer)
    for (kind, loaded), (_, row) in zip(twins.items(), rows.items(), strict=True):
        st.markdown(f"**{md_escape(network_title(loaded.spec, text))}**")
        st.image(row.pixels, width="stretch", output_format="JPEG", alt=text(f"explain.alt_{kind}"))
    high = f"{rows.residual.colour_range.high:.3g}"
    st.caption(text("explain.all_blocks_caption", high=high))
