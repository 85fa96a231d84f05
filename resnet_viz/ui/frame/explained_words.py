"""The glossary on every page: marks in the text, and the whole list on demand."""

from functools import cache

import streamlit as st

from resnet_viz.core.glossary import glossary
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.components.glossary_marks import glossary_marks
from resnet_viz.ui.frame.session import SEEN_COOKIE
from resnet_viz.ui.frame.words import md_escape


def explain_words(text: Text, *, seen: bool) -> None:
    """Explain the glossary's words wherever they stand on this page.

    ``seen``: the browser remembers that this visitor has left the first page.
    """
    glossary_marks(
        glossary(text),
        spaced=text.language != "zh",
        cookie=SEEN_COOKIE if seen else "",
        key="glossary",
    )


def offer_glossary(text: Text) -> None:
    """Show a button that opens the whole glossary, for the keyboard and screen readers too."""
    with st.popover(text("glossary.title"), key="glossary_list"):
        st.markdown(_list(text.language))


@cache
def _list(language: str) -> str:
    text = Text(language)
    rows = (f"**{md_escape(term.words[0])}** – {md_escape(term.says)}" for term in glossary(text))
    return "\n\n".join([text("glossary.about"), *rows])
