"""Compare two networks on the user's own image; a new visitor first sees what it is about."""

from resnet_viz.ui.frame.session import first_visit
from resnet_viz.ui.frame.shell import FIRST, open_page

if first_visit():
    from resnet_viz.ui.first.page import show_first_visit

    show_first_visit(open_page(FIRST))
else:
    text = open_page("nav.compare", heading=False)

    from resnet_viz.ui.choose.question import ask
    from resnet_viz.ui.compare.page import open_bar, show_comparison
    from resnet_viz.ui.running.answer import answerable

    bar = open_bar(text)
    question = answerable(ask(text, bar.target), text)
    if question is not None:
        show_comparison(question, bar, text)
