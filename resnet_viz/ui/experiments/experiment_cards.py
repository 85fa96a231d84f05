"""The experiments as cards, with what was guessed so far."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.ui.frame.session import EXPERIMENT, GUESS
from resnet_viz.ui.frame.words import md_escape

_COLUMNS = 3


def choose_experiment(text: Text) -> Experiment | None:
    """Return the chosen experiment; until then, show the cards."""
    if not EXPERIMENT.is_set:
        wanted = EXPERIMENT.in_address
        EXPERIMENT.set(wanted if wanted in EXPERIMENTS else None)
    name = EXPERIMENT.get()
    EXPERIMENT.write_address(name or "")
    if name is None:
        _gallery(text)
        return None
    st.button(text("experiments.back"), key="back", on_click=EXPERIMENT.set, args=(None,))
    return EXPERIMENTS[name]


def _gallery(text: Text) -> None:
    st.caption(text("experiments.intro"))
    rows = list(EXPERIMENTS.values())
    guessed = sum(GUESS[row.name].get() is not None for row in rows)
    if guessed:
        label = text("experiments.guessed", done=guessed, all=len(rows))
        st.progress(guessed / len(rows), text=label)
    for start in range(0, len(rows), _COLUMNS):
        cards = rows[start : start + _COLUMNS]
        for column, row in zip(st.columns(_COLUMNS), cards, strict=False):
            with column.container(border=True, height="stretch"):
                _card(row, text)


def _card(row: Experiment, text: Text) -> None:
    st.markdown(f"**{text(f'experiment.{row.name}.title')}**")
    st.markdown(text(f"experiment.{row.name}.question"))
    st.caption(f"{text(f'experiments.cost_{row.duration}')} · {md_escape(row.citation)}")
    st.button(
        text("experiments.open_card"),
        key=f"open_{row.name}",
        on_click=EXPERIMENT.set,
        args=(row.name,),
    )
