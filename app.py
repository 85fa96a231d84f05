"""Compare: a residual network and its plain twin on the user's own image.

A new visitor first sees what that means, in one figure.
"""

from resnet_viz.ui.frame.session import first_visit
from resnet_viz.ui.frame.shell import FIRST, open_page

if first_visit():
    from resnet_viz.ui.first.page import show_first_visit

    show_first_visit(open_page(FIRST))
else:
    text = open_page("compare.title")

    from resnet_viz.ui.choose.question import ask
    from resnet_viz.ui.compare.page import show_comparison
    from resnet_viz.ui.running.answer import answerable

    question = answerable(ask(text), text)
    if question is not None:
        show_comparison(question, text)
