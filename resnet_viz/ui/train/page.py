"""The Train page below its form: start, the selected run, and the table of runs."""

from resnet_viz.core.text import Text
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.train.run_details import show_details
from resnet_viz.ui.train.run_view import show_training
from resnet_viz.ui.train.runs_table import show_runs, training_runs
from resnet_viz.ui.train.start_panel import offer_start


def show_trainings(config: TrainingConfig | None, text: Text) -> None:
    """Show the start of ``config``, if there is one, and the trainings of this machine."""
    if config is not None:
        offer_start(config, text)
    trainings = training_runs()
    show_training(trainings, text)
    show_details(trainings, text)
    show_runs(trainings, text)
