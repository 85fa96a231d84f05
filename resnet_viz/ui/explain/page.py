"""The Explain page below its bar: the wall, or one method large."""

from typing import Any

import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.figures.comparison_drawing import distinct_titles, network_title
from resnet_viz.figures.footing_words import unequal_footing, with_footing
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair, roles_of
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.report.explanation_code import explanation_code
from resnet_viz.report.explanation_files import explanation_archive
from resnet_viz.ui.choose.known_classes import known_classes
from resnet_viz.ui.choose.network_choice import remember_choice
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.explain.blocks_panel import show_blocks
from resnet_viz.ui.explain.channels_panel import show_channels
from resnet_viz.ui.explain.explanation_jobs import wait_both
from resnet_viz.ui.explain.form import Bar
from resnet_viz.ui.explain.gallery import show_gallery
from resnet_viz.ui.explain.opened_method import (
    filmed,
    show_facts,
    show_film,
    show_maps,
    show_scores,
)
from resnet_viz.ui.explain.side_words import why
from resnet_viz.ui.explain.wall_panel import show_wall
from resnet_viz.ui.explain.wall_takeaway import offer_wall
from resnet_viz.ui.explain.wall_tiles import WallSide
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import METHOD
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.answer import picture_and_twins, refuse, say_refusal


def show_explanations(
    question: Question, requests: Pair[ExplainRequest], bar: Bar, text: Text
) -> None:
    """Show the wall or the opened method; an error becomes a sentence and the bar stays."""
    say_refusal(text)
    try:
        picture, pair = picture_and_twins(question, text)
        remember_choice()
        sides = _sides(pair, requests, text)
        if METHOD.get():
            _show_method(question, sides, picture, bar, text)
        else:
            bar.headline.markdown(f"###### {text('explain.headline')}")
            show_wall(sides, picture, text)
            _notes(question, pair, text)
            with bar.takeaway:
                offer_wall(sides, picture, text)
    except ResnetVizError as error:
        refuse(error)
        show_error(error, text)
        return
    titles = sides.map(lambda side: side.title)
    with _section("gallery_open", "gallery.title", text) as opened:
        if opened.open:
            show_gallery(question, requests, titles, text)


def _section(key: str, title: str, text: Text) -> Any:  # noqa: ANN401  # Streamlit's container
    return st.expander(text(title), key=key, on_change="rerun")


def _sides(pair: Pair[Loaded], requests: Pair[ExplainRequest], text: Text) -> Pair[WallSide]:
    """Return both networks with their requests, roles and titles with what they reached."""
    roles = roles_of(pair.map(lambda loaded: loaded.spec))
    titles = explained_titles(pair, text).join(pair.map(lambda loaded: loaded.footing))
    named = roles.join(titles.map(lambda both: with_footing(*both, text)))
    return pair.join(requests).join(named).map(lambda one: WallSide(*one[0], *one[1]))


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


def _notes(question: Question, pair: Pair[Loaded], text: Text) -> None:
    """Say where the networks were not trained alike, and what they know."""
    titles = explained_titles(pair, text).join(pair.map(lambda loaded: loaded.footing))
    if unequal := unequal_footing([*titles], text):
        st.caption(md_escape(unequal))
    if classes := known_classes(question.picture, question.first.classes, text):
        st.caption(md_escape(classes))


def _show_method(
    question: Question, sides: Pair[WallSide], picture: Picture, bar: Bar, text: Text
) -> None:
    """Show one method: maps, film, blocks, channels, and boxes with what is rarely needed."""
    pair = sides.map(lambda side: side.loaded)
    requests = sides.map(lambda side: side.request)
    explained = wait_both(pair, picture, requests, text)
    if explained is None:
        return
    titles = sides.map(lambda side: side.title)
    names = explained_titles(pair, text)
    bar.headline.markdown(f"###### {md_escape(why((*explained,), (*names,), text))}")
    show_maps(sides, explained, text)
    scored = filmed(sides, picture, explained, text)
    show_film(scored, titles, text)
    show_facts(scored, names, text)
    show_blocks(sides, picture, explained, text)
    show_channels(question, sides, picture, explained, text)
    with _section("scores_open", "explain.scores_title", text) as opened:
        if opened.open:
            show_scores(sides, picture, explained, text)
    with st.expander(text("explain.code")):
        st.code(explanation_code(explained), language="python")
    with bar.takeaway:
        _take_away(scored, sides.first.request, text)


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
