"""Language, escaping of user text, and phrases that several pages share."""

import re

import streamlit as st

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.ui.frame.session import LANGUAGE

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$:<&])")


def choose_language() -> Text:
    """Show the language switch; the browser's language is the default, then ``?lang=``."""
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
    """Escape text from users, so that Markdown shows it literally and loads nothing."""
    return _MARKDOWN.sub(r"\\\1", value)


def class_label(name: str, text: Text) -> str:
    """Return a class name in the page's language if it is one of CIFAR-10's."""
    return text(f"classes.{name}") if text.has(f"classes.{name}") else name


def duration(seconds: float, text: Text) -> str:
    """Format a duration for people."""
    if seconds < 90:
        return text("train.seconds", count=max(1, round(seconds)))
    if seconds < 5400:
        return text("train.minutes", count=round(seconds / 60))
    return text("train.hours", count=f"{seconds / 3600:.1f}")


def _browser_language() -> str:
    locale = (st.context.locale or "en").lower()
    return "zh" if locale.startswith("zh") else "en"
