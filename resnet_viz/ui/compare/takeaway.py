"""Downloads of Compare: the report, a link, and code."""

from urllib.parse import urlencode

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.records import Comparison
from resnet_viz.report.comparison_code import command_line, python_lines
from resnet_viz.report.comparison_folder import report_archive
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare.selection import Selection, selected
from resnet_viz.ui.frame.session import address
from resnet_viz.ui.running.answer import answer


def offer(question: Question, text: Text) -> None:
    """Show the buttons beside the headline: download the report, share a link."""

    def archive() -> bytes:
        comparison = answer(question, text)
        chosen = selected(comparison)
        return report_archive(comparison, layer=chosen.layer, text=text, spot=chosen.spot)

    st.download_button(
        text("takeaway.download"),
        archive,
        file_name=f"compare-{question.first.spec.name}.zip",
        mime="application/zip",
        on_click="ignore",
        help=text("takeaway.download_help"),
    )
    with st.popover(text("takeaway.share")):
        if question.picture.sample:
            st.caption(text("takeaway.share_help"))
            st.code(_link(question, text), language=None, wrap_lines=True)
        else:
            st.caption(text("takeaway.share_own_picture"))


def _link(question: Question, text: Text) -> str:
    """Return the address of this page with every choice written out."""
    state = {
        "lang": text.language,
        "sample": question.picture.sample,
        "network": question.first.title,
        "weights": question.first.weights.source.value,
        **address(),
    }
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(state)}"


def show_code(question: Question, comparison: Comparison, selection: Selection, text: Text) -> None:
    """Show the panel with code that reproduces the page."""
    st.caption(text("takeaway.code_caption"))
    st.code(python_lines(comparison, selection.layer), language="python")
    if comparison.twins and question.first.weights.twin is None:  # the command takes one file
        st.code(command_line(comparison, selection.layer), language="bash")
