"""Explain: every attribution method on two networks, and how faithful each is."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("nav.explain", heading=False)

from resnet_viz.ui.choose.question import ask
from resnet_viz.ui.explain.form import ask_request, open_bar
from resnet_viz.ui.explain.page import show_explanations
from resnet_viz.ui.frame.messages import told

with told(text):
    bar = open_bar()
    question = ask(text, bar.target)
    requests = ask_request(question, bar, text)
    show_explanations(question, requests, bar, text)
