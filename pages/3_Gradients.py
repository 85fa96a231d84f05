"""Gradients: what depth, normalisation, initialisation and shortcuts do to them."""

import streamlit as st

from resnet_viz.ui.frame.shell import open_page
from resnet_viz.ui.gradients.formulas_panel import show_formulas
from resnet_viz.ui.gradients.laboratory import show_laboratory
from resnet_viz.ui.gradients.trainings_panel import show_trainings

text = open_page("gradient_lab.title")
names = ("laboratory", "trainings", "formulas")
tabs = st.tabs([text(f"gradient_lab.tab_{name}") for name in names], on_change="rerun")
for tab, show in zip(tabs, (show_laboratory, show_trainings, show_formulas), strict=True):
    if tab.open:
        with tab:
            show(text)
