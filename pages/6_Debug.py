"""Debug: what a trained checkpoint is, and what is wrong with it."""

from resnet_viz.ui import debug_view
from resnet_viz.ui.checkpoint_choice import choose_checkpoints
from resnet_viz.ui.image_source import choose_images
from resnet_viz.ui.shell import open_page

text = open_page("debug.title")
chosen = choose_checkpoints(text)
debug_view.show(chosen, choose_images(text), text)
