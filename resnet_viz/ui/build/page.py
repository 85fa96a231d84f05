"""The Build page: a custom design with its form, or a network to read."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.ui.build.backbone_view import show_backbone
from resnet_viz.ui.build.design_view import show_broken, show_design, show_numbers
from resnet_viz.ui.build.form import ask_design
from resnet_viz.ui.build.zoo_view import show_zoo_network


def show_network(name: str, text: Text) -> None:
    """Show the network of a card; presets and custom designs come with the form."""
    if name in ZOO:
        show_zoo_network(name, text)
    elif name in AT_WORK:
        show_backbone(name, text)
    else:
        drawing, form = st.columns([2, 1], gap="medium")
        with form:
            numbers = st.container()
            spec, problem = ask_design(text)
        with numbers:
            show_numbers(spec, text)
        with drawing:
            if problem is not None and problem.upto is not None:
                show_broken(problem, problem.upto, text)
            else:
                show_design(spec, text)
