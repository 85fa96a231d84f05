"""Train: a residual network and its plain twin, live, on equal batches."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("train.title", heading=False)

from resnet_viz.ui.frame.messages import told
from resnet_viz.ui.train.page import show_trainings

with told(text):
    show_trainings(text)
