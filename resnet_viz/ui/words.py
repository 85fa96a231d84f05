"""The page's language, and text from users made harmless."""

import re

import streamlit as st

from resnet_viz.text import LANGUAGES, Text

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$:<&])")


def choose_language() -> Text:
    """The language switch; the browser's language until somebody chooses, then ``?lang=``."""
    if "lang" not in st.session_state and "lang" not in st.query_params:
        st.session_state["lang"] = _browser_language()
    chosen = st.segmented_control(
        "Language / 语言",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="lang",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return Text(chosen or _browser_language())


def md_escape(value: str) -> str:
    """Text from outside, so that Markdown shows it letter by letter and loads nothing."""
    return _MARKDOWN.sub(r"\\\1", value)


def _browser_language() -> str:
    locale = (st.context.locale or "en").lower()
    return "zh" if locale.startswith("zh") else "en"
