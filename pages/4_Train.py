"""Train: a residual network and its plain twin, live, on equal batches."""

from resnet_viz.ui.frame.shell import open_page
from resnet_viz.ui.train.form import ask_plan
from resnet_viz.ui.train.run_details import show_details
from resnet_viz.ui.train.run_view import show_run
from resnet_viz.ui.train.runs_table import show_runs, training_runs
from resnet_viz.ui.train.start_panel import offer_start

text = open_page("train.title")
plan = ask_plan(text)
if plan is not None:
    offer_start(plan, text)
found = training_runs()
show_run(found, text)
show_details(found, text)
show_runs(found, text)
