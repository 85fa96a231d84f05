"""The first visit: one block of a trained network, and a slider for its shortcut.

It needs only the recording, so a fresh server shows it before torch is imported.
"""

from functools import cache

import streamlit as st

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.text import Text
from resnet_viz.figures.first_visit_drawing import facts, first_visit_html, first_visit_states
from resnet_viz.records.first_visit import recorded_first_visit
from resnet_viz.ui.frame.components.block_stage import block_stage
from resnet_viz.ui.frame.session import leave_first_visit


def show_first_visit(text: Text) -> None:
    """Show the figure, two sentences with numbers, and the way on to Compare."""
    visit = recorded_first_visit()
    block, bars, states = _figure(text.language)
    st.markdown(text("first.intro"))
    block_stage(block, bars, states, label=text("first.strength"), key="first_figure")
    st.markdown(facts(visit, text))
    st.button(text("first.go_on"), type="primary", key="go_on", on_click=leave_first_visit)
    st.caption(
        text(
            "first.measured",
            depths=", ".join(str(series.depth) for series in visit.depths),
            seed=visit.seed,
            date=visit.recorded,
        )
    )


@cache
def _figure(language: str) -> tuple[str, str, list[JsonObject]]:
    text, visit = Text(language), recorded_first_visit()
    photo = text("first.photo")
    return *first_visit_html(visit, photo, text), first_visit_states(visit, photo, text)
