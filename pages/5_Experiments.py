"""Experiments: published results on residual learning, repeated; guess first."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("experiments.title")

from resnet_viz.ui.experiments.experiment_cards import choose_experiment
from resnet_viz.ui.experiments.page import show_experiment

row = choose_experiment(text)
if row is not None:
    show_experiment(row, text)
