"""The Train page below its form: the start, one run in detail, and the table of runs."""

from resnet_viz.core.text import Text
from resnet_viz.training.config import Plan
from resnet_viz.ui.train.run_details import show_details
from resnet_viz.ui.train.run_view import show_run
from resnet_viz.ui.train.runs_table import show_runs, training_runs
from resnet_viz.ui.train.start_panel import offer_start


def show_trainings(plan: Plan | None, text: Text) -> None:
    """The start of ``plan``, if there is one, and the trainings of this machine."""
    if plan is not None:
        offer_start(plan, text)
    trainings = training_runs()
    show_run(trainings, text)
    show_details(trainings, text)
    show_runs(trainings, text)
