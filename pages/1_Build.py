"""Build: design a residual network, see it beside its plain twin, and take it away."""

from resnet_viz.ui import build_view
from resnet_viz.ui.build_fields import ask
from resnet_viz.ui.shell import open_page

text = open_page("design.title")
form, drawing = build_view.columns()
with form:
    spec = ask(text)
with drawing:
    build_view.show(spec, text)
