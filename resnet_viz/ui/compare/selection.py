"""The selected layer of Compare."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.records import Comparison
from resnet_viz.ui.frame.session import LAYER


def selected_layer(layers: list[str], comparison: Comparison) -> str:
    """Return the layer of the session or the address; by default the last block."""
    LAYER.restore(layers, _last_block(comparison))
    return LAYER.get()


def choose_layer(layers: list[str], comparison: Comparison, text: Text) -> None:
    """Show a select box for the layer, in addition to the strip."""
    st.selectbox(text("compare.layer"), layers, key=LAYER.name)
    LAYER.publish(_last_block(comparison))


def _last_block(comparison: Comparison) -> str:
    return comparison.sides.first.spec.blocks()[-1]
