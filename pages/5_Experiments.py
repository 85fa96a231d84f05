"""Experiments: published results on residual learning, repeated; guess first."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("experiments.title")

from resnet_viz.ui.experiments.page import show_experiments

show_experiments(text)
