"""One method, large: both maps, the deletion film, what is said of the map, its scores."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.measures import MEASURES
from resnet_viz.explain.methods import METHODS
from resnet_viz.figures.deletion_film import film_data, film_html, films_of
from resnet_viz.figures.evidence import evidence, evidence_bar, evidence_tops, grey_ground
from resnet_viz.figures.theme import STYLES
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture, to_png
from resnet_viz.records import Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import Better, FaithfulnessScore
from resnet_viz.records.map_facts import Completeness
from resnet_viz.ui.explain.explanation_jobs import measured
from resnet_viz.ui.explain.side_words import side_title
from resnet_viz.ui.explain.wall_tiles import WallSide
from resnet_viz.ui.frame.components.drawing import drawing
from resnet_viz.ui.frame.session import EXPLAIN_OPACITY, OWN_SCALE
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.waiting import wait_all

_FILMED = ("deletion", "insertion")
_MAP_WIDTH = 320  # pixels
_ARROWS = {Better.LOW: "↓", Better.HIGH: "↑"}  # which way is better


def show_maps(sides: Pair[WallSide], explained: Pair[ExplainedPicture], text: Text) -> None:
    """Show both maps, large, on the grey photograph on one scale unless asked otherwise."""
    own, opacity = OWN_SCALE.get(), EXPLAIN_OPACITY.get() / 100
    signed = explained.first.explanation.signed
    tops = evidence_tops([side.explanation.map for side in explained], own=own)
    bar = to_png(evidence_bar(signed=signed, width=400, height=9))
    for column, (side, one), top in zip(st.columns(2), sides.join(explained), tops, strict=True):
        with column:
            title = side_title(side.title, side.loaded, one, text)
            st.markdown(f"**{STYLES[side.role].glyph} {md_escape(title)}**")
            pixels = evidence(grey_ground(one.photo), one.explanation.map, top, opacity=opacity)
            st.image(
                pixels,
                width=_MAP_WIDTH,
                output_format="JPEG",
                alt=text("explain.alt", network=side.title),
            )
            st.image(bar, width=_MAP_WIDTH, alt="")
            low = readable(-top) if signed else "0"
            scale = "explain.scale_own" if own else "explain.scale"
            st.caption(text(scale, low=low, high=readable(top)))
            if one.explanation.blank is not None:
                st.info(text(f"explain.blank_{one.explanation.blank}"))


def filmed(
    sides: Pair[WallSide], picture: Picture, explained: Pair[ExplainedPicture], text: Text
) -> Pair[ExplainedPicture]:
    """Return both explanations with the scores of deletion and insertion."""
    return _scored(sides, picture, explained, _FILMED, text)


def show_film(explained: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    """Show the photo being eaten and growing beside the probability."""
    films = explained.map(films_of)
    every = [film for side in films for film in side]
    if not every:
        st.caption(text("explain.no_scores"))
        return
    st.markdown(f"**{text('film.title')}**")
    drawing(
        film_html(films, titles, text),
        key="film",
        film=film_data(every),
    )
    values = explained.map(lambda side: {score.name: score.value for score in side.scores})
    numbers = {
        f"{name}_{place}": f"{side[name]:.2f}"
        for place, side in zip(("first", "second"), values, strict=True)
        for name in _FILMED
        if name in side
    }
    st.caption(text("film.caption"))
    if len(numbers) == 2 * len(_FILMED):
        st.caption(text("film.areas", **numbers))


def show_facts(explained: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> None:
    """Say what the method needs, what the maps' values are, and whether they add up."""
    explanation = explained.first.explanation
    method = next(row for row in METHODS.values() if row.name == explanation.method)
    st.caption(
        text(
            "explain.method_note",
            needs=text(f"method_families.{method.family}"),
            cost=text(f"method_costs.{method.cost}"),
            source=method.source,
            sign=text("explain.signed" if method.signed else "explain.unsigned"),
        )
    )
    for side, title in explained.join(titles):
        statistics = side.explanation.statistics
        words = text(
            "explain.range",
            network=md_escape(title),
            minimum=readable(statistics.minimum),
            maximum=readable(statistics.maximum),
            target=md_escape(class_label(side.target_label, text)),
            layer=md_escape(_place(side.explanation, text)),
        )
        if side.explanation.completeness is not None:
            words += " " + _complete(side.explanation.completeness, text)
        st.caption(words)


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


def show_scores(
    sides: Pair[WallSide], picture: Picture, explained: Pair[ExplainedPicture], text: Text
) -> None:
    """Show every score of both maps, each with what it means."""
    scored = _scored(sides, picture, explained, tuple(MEASURES), text)
    if not (scored.first.scores and scored.second.scores):
        st.caption(text("explain.no_scores"))
        return
    titles = sides.map(lambda side: side.title)
    second = {score.name: score.value for score in scored.second.scores}
    rows = [
        {
            text("explain.column_score"): f"{text(f'scores.{score.name}')} {_ARROWS[score.better]}",
            titles.first: score.value,
            titles.second: second.get(score.name),
            text("explain.column_meaning"): text(f"score_about.{score.name}"),
        }
        for score in scored.first.scores
    ]
    st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, key="scores", row_height=40)


def _scored(
    sides: Pair[WallSide],
    picture: Picture,
    explained: Pair[ExplainedPicture],
    measures: tuple[str, ...],
    text: Text,
) -> Pair[ExplainedPicture]:
    def submitted(
        both: tuple[WallSide, ExplainedPicture],
    ) -> list[Running[tuple[FaithfulnessScore, ...]]]:
        side, one = both
        return [measured(side.loaded, picture, one, side.request, name) for name in measures]

    jobs = sides.join(explained).map(submitted)  # in parallel
    label = text("explain.measuring")

    def joined(
        both: tuple[ExplainedPicture, list[Running[tuple[FaithfulnessScore, ...]]]],
    ) -> ExplainedPicture:
        one, of_side = both
        found = wait_all(of_side, label)
        return replace(one, scores=tuple(score for scores in found for score in scores))

    return explained.join(jobs).map(joined)
