"""Build: design a residual network, compare it with its plain twin, and export it."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("nav.build", heading=False)

from resnet_viz.ui.build.page import show_network
from resnet_viz.ui.build.start_cards import choose_network

show_network(choose_network(text), text)
