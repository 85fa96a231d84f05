"""The Gradients page: the laboratory, whole trainings, and the formulas."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.ui.gradients.formulas_panel import show_formulas
from resnet_viz.ui.gradients.laboratory import show_laboratory
from resnet_viz.ui.gradients.trainings_panel import show_trainings

_TABS = {"laboratory": show_laboratory, "trainings": show_trainings, "formulas": show_formulas}


def show_gradients(text: Text) -> None:
    """Show the three tabs; only the open one is computed."""
    tabs = st.tabs([text(f"gradient_lab.tab_{name}") for name in _TABS], on_change="rerun")
    for tab, show in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(text)
