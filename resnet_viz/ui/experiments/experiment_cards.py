"""The gallery of experiments: one card each, drawn from the table."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.registry import EXPERIMENTS, Experiment
from resnet_viz.ui.frame.words import md_escape

_COLUMNS = 3
_KEY = "experiment"  # in the session and in the address


def choose_experiment(text: Text) -> Experiment | None:
    """The chosen experiment; until there is one, the gallery."""
    if _KEY not in st.session_state:
        wanted = st.query_params.get(_KEY, "")
        st.session_state[_KEY] = wanted if wanted in EXPERIMENTS else None
    name = st.session_state[_KEY]
    if name is None:
        if _KEY in st.query_params:
            del st.query_params[_KEY]
        _gallery(text)
        return None
    st.query_params[_KEY] = name
    st.button(text("experiments.back"), key="back", on_click=_open, args=(None,))
    return EXPERIMENTS[name]


def _gallery(text: Text) -> None:
    st.caption(text("experiments.intro"))
    rows = list(EXPERIMENTS.values())
    for start in range(0, len(rows), _COLUMNS):
        cards = rows[start : start + _COLUMNS]
        for column, row in zip(st.columns(_COLUMNS), cards, strict=False):
            with column.container(border=True, height="stretch"):
                _card(row, text)


def _card(row: Experiment, text: Text) -> None:
    st.markdown(f"**{text(f'experiment.{row.name}.title')}**")
    st.markdown(text(f"experiment.{row.name}.question"))
    st.caption(f"{text(f'experiments.cost_{row.cost}')} · {md_escape(row.citation)}")
    st.button(
        text("experiments.open_card"), key=f"open_{row.name}", on_click=_open, args=(row.name,)
    )


def _open(name: str | None) -> None:
    st.session_state[_KEY] = name
