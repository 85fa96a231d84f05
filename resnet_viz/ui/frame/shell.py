"""The start of every page: configuration, language, navigation and warm-up."""

import gc

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.ui.frame.words import choose_language

#: The pages, in the order of the navigation: script and title.
PAGES = (
    ("app.py", "nav.compare"),
    ("pages/1_Build.py", "nav.build"),
    ("pages/2_Explain.py", "nav.explain"),
    ("pages/3_Gradients.py", "nav.gradients"),
    ("pages/4_Train.py", "nav.train"),
    ("pages/5_Experiments.py", "nav.experiments"),
    ("pages/6_Debug.py", "nav.debug"),
)


def open_page(title: str) -> Text:
    """Open a page and return its text. Called first; ``title`` is a key of the text files."""
    st.set_page_config(
        page_title="resnet_viz", layout="wide", initial_sidebar_state="auto", menu_items={}
    )
    _warm_up()
    with st.sidebar:
        text = choose_language()
        if len(PAGES) > 1:
            for script, name in PAGES:
                st.page_link(script, label=text(name))
    st.header(text(title), anchor=False)
    return text


@st.cache_resource(show_spinner=False)
def _warm_up() -> bool:
    """Freeze all objects created by imports, so that the garbage collector skips them.

    Streamlit runs a full collection after every rerun. With torch imported, each stops all sessions
    for 60 to 220 ms.
    """
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import torch  # noqa: F401

    gc.collect()
    gc.freeze()
    return True
