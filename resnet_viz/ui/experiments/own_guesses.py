"""What the visitor guessed: in the session and in the address, and never changed afterwards."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.guesses import packed, unpacked
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.verdict_sentences import answer_label
from resnet_viz.ui.frame.session import ASKED, EXPERIMENT, GUESSES


def own_guesses() -> dict[str, str]:
    """Return the guesses by experiment, and write them to the address."""
    guesses = unpacked(GUESSES.in_address) | unpacked(GUESSES.get())
    GUESSES.set(packed(guesses))
    GUESSES.write_address(packed(guesses))
    return guesses


def ask_guess(row: Experiment, text: Text) -> None:
    """Show the answers; choosing one keeps it and opens the experiment."""
    st.radio(
        text("experiments.question"),
        row.choices,
        index=None,
        key=ASKED[row.name].name,
        format_func=lambda answer: answer_label(row, answer, text),
        on_change=_keep,
        args=(row.name,),
        label_visibility="collapsed",
    )


def _keep(name: str) -> None:
    answer = ASKED[name].pop()
    if answer is not None:
        first = unpacked(GUESSES.get())
        GUESSES.set(packed({name: answer} | first))
    EXPERIMENT.set(name)
