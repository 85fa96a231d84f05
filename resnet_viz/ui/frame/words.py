"""The page's language, and text from users made harmless."""

import re

import streamlit as st

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.ui.frame.session import LANGUAGE

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$:<&])")


def choose_language() -> Text:
    """The language switch; the browser's language until somebody chooses, then ``?lang=``."""
    LANGUAGE.restore(LANGUAGES, _browser_language())
    chosen = st.segmented_control(
        "Language / 语言",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=LANGUAGE.name,
        required=True,
        label_visibility="collapsed",
    )
    LANGUAGE.publish(_browser_language())
    return Text(chosen or _browser_language())


def md_escape(value: str) -> str:
    """Text from outside, so that Markdown shows it letter by letter and loads nothing."""
    return _MARKDOWN.sub(r"\\\1", value)


def _browser_language() -> str:
    locale = (st.context.locale or "en").lower()
    return "zh" if locale.startswith("zh") else "en"
