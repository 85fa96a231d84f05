"""Build: design a residual network, see it beside its plain twin, and take it away."""

from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.ui.build import (
    backbone_view as build_work,
)
from resnet_viz.ui.build import (
    page as build_view,
)
from resnet_viz.ui.build import (
    start_cards as build_cards,
)
from resnet_viz.ui.build import (
    zoo_view as build_catalog,
)
from resnet_viz.ui.build.form import ask
from resnet_viz.ui.frame.shell import open_page

text = open_page("design.title")
chosen = build_cards.choose(text)
if chosen in ZOO:
    build_catalog.show(chosen, text)
elif chosen in AT_WORK:
    build_work.show(chosen, text)
else:
    form, drawing = build_view.columns()
    with form:
        spec = ask(text)
    with drawing:
        build_view.show(spec, text)
