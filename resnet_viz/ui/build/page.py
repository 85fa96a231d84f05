"""The Build page: a custom design with its form, or a network to read."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.ui.build.backbone_view import show_backbone
from resnet_viz.ui.build.design_view import show_design
from resnet_viz.ui.build.form import ask_design
from resnet_viz.ui.build.zoo_view import show_zoo_network


def show_network(name: str, text: Text) -> None:
    """Show the network of a card; presets and custom designs come with the form."""
    if name in ZOO:
        show_zoo_network(name, text)
    elif name in AT_WORK:
        show_backbone(name, text)
    else:
        form, drawing = st.columns([1, 2], gap="medium")
        with form:
            spec = ask_design(text)
        with drawing:
            show_design(spec, text)
