"""The start of every page: configuration, language, navigation and warm-up."""

import gc
from pathlib import Path
from threading import Event, Lock, Thread

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.ui.frame.explained_words import explain_words, offer_glossary
from resnet_viz.ui.frame.session import SEEN, START
from resnet_viz.ui.frame.words import choose_language

#: The pages, in the order of the navigation: script and title.
PAGES = (
    ("app.py", "nav.compare"),
    ("pages/0_Learn.py", "nav.learn"),
    ("pages/1_Build.py", "nav.build"),
    ("pages/2_Explain.py", "nav.explain"),
    ("pages/3_Gradients.py", "nav.gradients"),
    ("pages/4_Train.py", "nav.train"),
    ("pages/5_Experiments.py", "nav.experiments"),
    ("pages/6_Debug.py", "nav.debug"),
)

#: The title of the first page, which loads nothing.
FIRST = "first.title"

_STYLE = Path(__file__).with_name("page.css")
_SKELETON = 480  # pixels
_WARM, _WARMING = Event(), Lock()


def open_page(title: str, *, heading: bool = True) -> Text:
    """Open a page and return its text. ``title`` is a key of the text files.

    Called before the page's own imports: on a fresh server those take seconds, in which navigation,
    title and a skeleton are there. Without ``heading`` the navigation alone names the page, so that
    a picture can stand at its top.
    """
    first = title == FIRST
    if not first:
        SEEN.set(True)
    st.set_page_config(
        page_title="resnet_viz", layout="wide", initial_sidebar_state="auto", menu_items={}
    )
    st.html(_STYLE)
    with st.sidebar:
        text = choose_language()
        for script, name in PAGES:
            st.page_link(script, label=text(name))
        offer_glossary(text)
        again = not first and st.button(text("first.again"), key="again", type="tertiary")
    if again:
        st.switch_page("app.py", query_params={START.name: "1"})
    if heading:
        st.header(text(title), anchor=False)
    explain_words(text, seen=not first)
    if first:
        Thread(target=warm_up, daemon=True).start()  # for the page after it
    elif not _WARM.is_set():
        with st.skeleton(_SKELETON):
            warm_up()
    return text


def warm_up() -> None:
    """Import what every page needs, and freeze all objects created by imports.

    Streamlit runs a full collection after every rerun. With torch imported, each stops all sessions
    for 60 to 220 ms; the garbage collector skips frozen objects.
    """
    with _WARMING:
        if _WARM.is_set():
            return
        import pandas  # noqa: F401
        import plotly.graph_objects  # noqa: F401
        import torch  # noqa: F401

        gc.collect()
        gc.freeze()
        _WARM.set()
