"""Compare: a residual network and its plain twin on the user's own image."""

from resnet_viz.ui import compare_view
from resnet_viz.ui.answer import answerable
from resnet_viz.ui.question import ask
from resnet_viz.ui.shell import open_page

text = open_page("compare.title")
question = answerable(ask(text), text)
if question is not None:
    compare_view.show(question, text)
