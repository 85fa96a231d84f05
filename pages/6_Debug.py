"""Debug: what a trained checkpoint is, and what is wrong with it."""

from resnet_viz.ui import debug_view
from resnet_viz.ui.checkpoint_choice import choose_checkpoints
from resnet_viz.ui.shell import open_page

text = open_page("debug.title")
debug_view.show(choose_checkpoints(text), text)
