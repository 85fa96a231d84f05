"""The words of residual learning, to be found by any of their names."""

import streamlit as st

from resnet_viz.core.glossary import glossary
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.session import WORD_WANTED
from resnet_viz.ui.frame.words import md_escape


def show_words(text: Text) -> None:
    """Show a field and the words that contain what is typed, in any of their names."""
    wanted = st.text_input(text("learn.word"), key=WORD_WANTED.name, max_chars=40,
                           placeholder=text("learn.word_example")).strip().lower()  # fmt: skip
    found = [
        term
        for term in glossary(text)
        if any(wanted in word.lower() for word in (*term.words, term.says))
    ]
    if not found:
        st.caption(text("learn.no_word", word=md_escape(wanted)))
    for term in found:
        names = " · ".join(md_escape(word) for word in term.words)
        st.markdown(f"**{names}**  \n{md_escape(term.says)}")
