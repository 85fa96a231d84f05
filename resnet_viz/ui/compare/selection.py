"""The one selected layer of a page."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.records import Comparison
from resnet_viz.ui.frame.session import LAYER


def selected_layer(layers: list[str], comparison: Comparison) -> str:
    """The layer chosen so far, or named in the address; at first the last block."""
    LAYER.restore(layers, _last_block(comparison))
    return LAYER.get()


def choose_layer(layers: list[str], comparison: Comparison, text: Text) -> None:
    """A select box for the layer, beside the strip's markers and the arrow keys."""
    st.selectbox(text("compare.layer"), layers, key=LAYER.name)
    LAYER.publish(_last_block(comparison))


def _last_block(comparison: Comparison) -> str:
    return comparison.sides.first.spec.blocks()[-1]
