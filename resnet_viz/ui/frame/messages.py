"""Errors on a page: the one place that maps exception types to how they are shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.words import md_escape


def show_error(error: ResnetVizError, text: Text) -> None:
    """Show an error in one sentence: a warning for bad input, an error for a failure."""
    show = st.error if isinstance(error, FailureError) else st.warning
    show(md_escape(error.sentence(text)))


@contextmanager
def told(text: Text) -> Iterator[None]:
    """Show an error of the block as its sentence; what came before it stays on the page."""
    try:
        yield
    except ResnetVizError as error:
        show_error(error, text)
