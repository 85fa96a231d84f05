"""Train: a residual network and its plain twin, live, on equal batches."""

from resnet_viz.ui.frame.shell import open_page
from resnet_viz.ui.train.form import ask_plan
from resnet_viz.ui.train.page import show_trainings

text = open_page("train.title")
show_trainings(ask_plan(text), text)
