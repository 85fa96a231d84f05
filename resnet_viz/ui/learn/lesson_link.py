"""Send a lesson: its address with the state, as text and as a QR code."""

from urllib.parse import urlencode

import segno
import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import STEPS, Lesson
from resnet_viz.ui.frame.session import ADDRESS_STEP, LANGUAGE, LESSON, LINK_LANGUAGE, LINK_STEP
from resnet_viz.ui.frame.words import md_escape

_QR_SCALE = 5  # pixels a module


def lesson_address(lesson: Lesson, *, step: int = 1, language: str = "") -> str:
    """Return the address of a lesson at a step; without a language it is the browser's."""
    state = {
        LESSON.name: lesson.name,
        **({ADDRESS_STEP.name: str(step)} if step > 1 else {}),
        **({LANGUAGE.name: language} if language else {}),
    }
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(state)}"


def offer_link(lesson: Lesson, text: Text) -> None:
    """Show the address of the lesson, and its QR code for the pupils' telephones."""
    with st.popover(text("learn.send"), icon=":material/qr_code_2:"):
        step = st.selectbox(
            text("learn.send_step"), range(1, len(STEPS) + 1), key=LINK_STEP.name,
            format_func=lambda n: text(f"learn.step_{STEPS[n - 1]}"),
        )  # fmt: skip
        fixed = st.toggle(text("learn.send_language"), key=LINK_LANGUAGE.name)
        language = text.language if fixed else ""
        address = lesson_address(lesson, step=step or 1, language=language)
        st.code(address, language=None, wrap_lines=True)
        code = segno.make(address, error="m", micro=False)
        st.image(code.svg_inline(scale=_QR_SCALE, border=2, dark="#000", light="#fff"))
        if _this_machine_only(address):
            st.caption(md_escape(text("learn.send_local")))


def _this_machine_only(address: str) -> bool:
    return any(f"//{host}" in address for host in ("127.0.0.1", "localhost", "[::1]"))
