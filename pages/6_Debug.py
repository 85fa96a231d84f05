"""Debug: what a trained checkpoint is, and what is wrong with it."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("debug.title")

from resnet_viz.ui.debug.checkpoint_choice import choose_checkpoints
from resnet_viz.ui.debug.images_choice import choose_images
from resnet_viz.ui.debug.page import show_diagnoses
from resnet_viz.ui.frame.messages import told

with told(text):
    checkpoints = choose_checkpoints(text)
    show_diagnoses(checkpoints, choose_images(text, checkpoints), text)
