"""Explain: any attribution method on any layer of two networks, and how faithful it is."""

from resnet_viz.ui.frame.shell import open_page

text = open_page("explain.title")

from resnet_viz.ui.choose.question import ask
from resnet_viz.ui.explain.form import ask_request
from resnet_viz.ui.explain.page import show_explanations

question = ask(text)
requests = ask_request(question, text)
show_explanations(question, requests, text)
