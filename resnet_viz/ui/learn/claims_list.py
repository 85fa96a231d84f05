"""What tutorials write, with a verdict each and the lesson that shows it."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.lessons.claims import ClaimVerdict, tutorial_claims
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.learn.lesson_state import open_lesson

_COLOURS: Mapping[ClaimVerdict, Literal["green", "orange", "red"]] = {
    ClaimVerdict.HOLDS: "green",
    ClaimVerdict.CONDITIONS: "orange",
    ClaimVerdict.WRONG: "red",
}


def show_claims(text: Text) -> None:
    """Show every claim: as it is written, whether it holds, why, and its lesson."""
    st.caption(text("learn.claims_intro"))
    for claim in tutorial_claims():
        with st.container(border=True):
            about, opening = st.columns([5, 1], vertical_alignment="center")
            about.markdown(f"**{md_escape(text(f'claims.{claim.name}'))}**")
            about.badge(text(f"learn.verdict_{claim.verdict}"), color=_COLOURS[claim.verdict])
            about.markdown(md_escape(text(f"claims.{claim.name}_why")))
            opening.button(
                text("learn.claim_lesson", number=claim.lesson.number), key=f"claim_{claim.name}",
                on_click=open_lesson, args=(claim.lesson.name,), width="stretch",
            )  # fmt: skip
