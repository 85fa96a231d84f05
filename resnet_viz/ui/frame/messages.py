"""Errors and notes on a page: the one place that turns exception types into what is shown."""

import streamlit as st

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.words import md_escape


def show_error(error: ResnetVizError, text: Text) -> None:
    """One sentence: a warning for what the user gave, an error for what broke."""
    show = st.error if isinstance(error, FailureError) else st.warning
    show(md_escape(error.sentence(text)))
