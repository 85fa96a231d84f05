"""Train: a residual network and its plain twin, live, on equal batches."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("train.title")

from resnet_viz.ui.train.form import ask_config
from resnet_viz.ui.train.page import show_trainings

show_trainings(ask_config(text), text)
