"""Registration of a component from its script and style."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from resnet_viz.ui.frame.session import Key

_FOLDER = Path(__file__).parent


def register(name: str) -> Callable[..., Any]:
    """Register the component ``name`` with the script and style of that name in this folder."""
    script, style = (_FOLDER / f"{name}{suffix}" for suffix in (".js", ".css"))
    component: Callable[..., Any] = st.components.v2.component(
        f"resnet_viz_{name}", js=script.read_text("utf-8"), css=style.read_text("utf-8")
    )
    return component


def picked(key: str) -> object:
    """Return what the component with this key sent as ``picked``, or None."""
    state = Key[object](key, None).get()
    return state.get("picked") if isinstance(state, Mapping) else getattr(state, "picked", None)
