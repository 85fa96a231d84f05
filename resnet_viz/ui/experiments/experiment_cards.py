"""The experiments as cards: a blurred picture, a question, its answers, and what was guessed."""

import base64
from collections.abc import Mapping
from functools import cache

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.guesses import in_order, recorded_outcome
from resnet_viz.experiments.recordings import deepest_first
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.experiments.verdict_sentences import answer_label
from resnet_viz.figures.finding_thumbnail import finding_thumbnail
from resnet_viz.records import GuessOutcome
from resnet_viz.ui.experiments.own_guesses import ask_guess
from resnet_viz.ui.frame.session import EXPERIMENT
from resnet_viz.ui.frame.words import md_escape

_COLUMNS = 3
_MARKS: Mapping[GuessOutcome, tuple[str, str]] = {  # colour of Streamlit and icon
    GuessOutcome.RIGHT: ("green", ":material/check_circle:"),
    GuessOutcome.WRONG: ("orange", ":material/cancel:"),
    GuessOutcome.OPEN: ("blue", ":material/help:"),
    GuessOutcome.UNSURE: ("grey", ":material/visibility:"),
}


def chosen_experiment() -> Experiment | None:
    """Return the experiment that is open; None on the page of the cards."""
    if not EXPERIMENT.is_set:
        wanted = EXPERIMENT.in_address
        EXPERIMENT.set(wanted if wanted in EXPERIMENTS else None)
    name = EXPERIMENT.get()
    EXPERIMENT.write_address(name or "")
    return None if name is None else EXPERIMENTS[name]


def show_cards(guesses: Mapping[str, str], text: Text) -> None:
    """Show a card for each experiment, in the suggested order."""
    st.caption(text("experiments.intro"))
    show_progress(guesses, text)
    rows = in_order()
    for start in range(0, len(rows), _COLUMNS):
        columns = st.columns(_COLUMNS)
        for place, row in enumerate(rows[start : start + _COLUMNS]):
            with columns[place].container(border=True, height="stretch"):
                _card(row, start + place + 1, guesses.get(row.name), text)


def show_progress(guesses: Mapping[str, str], text: Text) -> None:
    """Show how many experiments have a guess, and how many guesses were right."""
    outcomes = [recorded_outcome(EXPERIMENTS[name], guess) for name, guess in guesses.items()]
    label = text("experiments.guessed", done=len(guesses), all=len(EXPERIMENTS))
    if guesses:
        right = outcomes.count(GuessOutcome.RIGHT)
        label += text("experiments.guessed_right", right=right)
    st.progress(len(guesses) / len(EXPERIMENTS), text=label)


def show_blurred(row: Experiment, text: Text) -> None:
    """Show the recorded picture so that its result cannot be told."""
    _picture(row, text("experiments.blurred_alt"), "finding-picture finding-blurred")


def _card(row: Experiment, number: int, guess: str | None, text: Text) -> None:
    title = text(f"experiment.{row.name}.title")
    if guess is None:
        show_blurred(row, text)
    else:
        _picture(row, text("experiments.picture_alt", title=title), "finding-picture")
    st.caption(f"{number} · {title} · {md_escape(row.citation.split(',')[0])}")
    st.markdown(f"**{text(f'experiment.{row.name}.question')}**")
    if guess is None:
        ask_guess(row, text)
    else:
        _show_guess(row, guess, text)


def _show_guess(row: Experiment, guess: str, text: Text) -> None:
    outcome = recorded_outcome(row, guess)
    colour, icon = _MARKS[outcome]
    mark = text(f"experiments.mark_{outcome}")
    label = md_escape(answer_label(row, guess, text))
    st.markdown(f":{colour}[{icon} **{mark}**] · {text('experiments.yours', guess=label)}")
    st.button(text("experiments.look_again"), key=f"open_{row.name}",
              on_click=EXPERIMENT.set, args=(row.name,))  # fmt: skip


def _picture(row: Experiment, alt: str, style: str) -> None:
    st.html(f'<div class="{style}"><img src="{_thumbnail(row.name)}" alt="{alt}"></div>')


@cache
def _thumbnail(name: str) -> str:
    """Return the picture of the recording that is shown first, as a data URI."""
    svg = finding_thumbnail(deepest_first(EXPERIMENTS[name])[0].finding)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
