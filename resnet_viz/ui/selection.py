"""The one selected layer of a page."""

import streamlit as st

from resnet_viz.records import Comparison
from resnet_viz.text import Text

_KEY = "layer"  # also in the page's address


def selected_layer(layers: list[str], comparison: Comparison) -> str:
    """The layer chosen so far, or named in the address; at first the last block."""
    wanted = st.session_state.get(_KEY) or st.query_params.get(_KEY)
    return wanted if wanted in layers else comparison.sides.residual.spec.blocks()[-1]


def choose_layer(layers: list[str], comparison: Comparison, text: Text) -> None:
    """A select box for the layer, beside the strip's markers and the arrow keys."""
    if st.session_state.get(_KEY) not in layers:
        st.session_state.pop(_KEY, None)
    st.selectbox(
        text("compare.layer"),
        layers,
        index=layers.index(comparison.sides.residual.spec.blocks()[-1]),
        key=_KEY,
        bind="query-params",
    )
