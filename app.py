"""Compare: a residual network and its plain twin on the user's own image."""

from resnet_viz.ui.choose.question import ask
from resnet_viz.ui.compare.page import show_comparison
from resnet_viz.ui.frame.shell import open_page
from resnet_viz.ui.running.answer import answerable

text = open_page("compare.title")
question = answerable(ask(text), text)
if question is not None:
    show_comparison(question, text)
