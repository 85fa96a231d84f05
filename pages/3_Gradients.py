"""Gradients: what depth, normalisation, initialisation and shortcuts do to them."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("gradient_lab.title")

from resnet_viz.ui.gradients.page import show_gradients

show_gradients(text)
