"""Tabs that remember which one is open, by name, in the session and in the address."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from resnet_viz.ui.frame.session import Choice, Key


def named_tabs(key: Choice, labels: Mapping[str, str]) -> tuple[str, DeltaGenerator]:
    """Show tabs and return the name and the container of the open one.

    ``labels`` are the tabs' titles by name. Streamlit knows a tab by its title, which changes with
    the language; ``key`` holds its name.
    """
    names = list(labels)
    key.restore(names, names[0])
    titles = Key(f"{key.name}_title", "")
    if titles.get() not in labels.values():  # of another language, or the first time
        titles.set(labels[key.get()])
    tabs = st.tabs(list(labels.values()), key=titles.name, on_change="rerun")
    opened = next((n for n, tab in zip(names, tabs, strict=True) if tab.open), names[0])
    key.set(opened)
    key.publish(names[0])
    return opened, tabs[names.index(opened)]
