"""Errors on a page: the one place that maps exception types to how they are shown."""

import streamlit as st

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.words import md_escape


def show_error(error: ResnetVizError, text: Text) -> None:
    """Show an error in one sentence: a warning for bad input, an error for a failure."""
    show = st.error if isinstance(error, FailureError) else st.warning
    show(md_escape(error.sentence(text)))
