"""The one selected layer of a page."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.records import Comparison
from resnet_viz.ui.frame.address import publish, restore

_KEY = "layer"  # also in the page's address


def selected_layer(layers: list[str], comparison: Comparison) -> str:
    """The layer chosen so far, or named in the address; at first the last block."""
    restore(_KEY, layers, _last_block(comparison))
    return str(st.session_state[_KEY])


def choose_layer(layers: list[str], comparison: Comparison, text: Text) -> None:
    """A select box for the layer, beside the strip's markers and the arrow keys."""
    st.selectbox(text("compare.layer"), layers, key=_KEY)
    publish(_KEY, _last_block(comparison))


def _last_block(comparison: Comparison) -> str:
    return comparison.sides.first.spec.blocks()[-1]
