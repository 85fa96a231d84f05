"""Compare: a residual network and its plain twin on the user's own image."""

from resnet_viz.ui.choose.question import ask
from resnet_viz.ui.compare import page as compare_view
from resnet_viz.ui.frame.shell import open_page
from resnet_viz.ui.running.answer import answerable

text = open_page("compare.title")
question = answerable(ask(text), text)
if question is not None:
    compare_view.show(question, text)
