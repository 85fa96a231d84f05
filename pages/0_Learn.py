"""Learn: lessons on residual learning, for a reader alone and for a class."""

from resnet_viz.ui.frame.session import PRESENT
from resnet_viz.ui.frame.shell import open_page

text = open_page("learn.title", heading=PRESENT.in_address != "1")

from resnet_viz.ui.learn.page import show_learn

show_learn(text)
