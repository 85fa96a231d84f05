"""The Train page: start at the top, settings in a drawer, one run in full, the table of runs."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.ui.frame.session import TRAIN_SETTINGS
from resnet_viz.ui.train.form import ask_config
from resnet_viz.ui.train.run_details import show_details
from resnet_viz.ui.train.run_view import choose_run, show_training
from resnet_viz.ui.train.runs_table import show_runs, training_runs
from resnet_viz.ui.train.start_panel import offer_start, show_estimate


def show_trainings(text: Text) -> None:
    """Show the start of a training, and the trainings of this machine."""
    trainings = training_runs()
    TRAIN_SETTINGS.setdefault(not trainings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start, shown = st.container(width="content"), st.container()
    with st.expander(
        text("train.settings"), key=TRAIN_SETTINGS.name, on_change="rerun"
    ) as settings:
        config = ask_config(text)
        if config is not None and settings.open:
            show_estimate(config, text)
    if config is not None:
        with start:
            offer_start(config, text)
    with shown:
        chosen = choose_run(trainings, text)
    show_training(chosen, text)
    show_details(trainings, text)
    show_runs(trainings, text)
