"""Experiments as background runs."""

from typing import Any

import streamlit as st

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import changed_settings
from resnet_viz.experiments.job import ExperimentConfig, saved_recording
from resnet_viz.experiments.registry import Experiment
from resnet_viz.jobs.codec import last_of
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records.experiment_events import ExperimentProgress
from resnet_viz.ui.choose import own_runs
from resnet_viz.ui.experiments.result_view import Asked, show_finding, show_recording
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import MEASURING, SHOWN
from resnet_viz.ui.running.run_panel import RunPanel, Status, show_run


def experiment_runs(name: str) -> list[Run]:
    """Return the runs of an experiment on this machine, newest first."""
    return [
        run
        for run in own_runs.listed()
        if isinstance(run.config, ExperimentConfig) and run.config.experiment == name
    ]


def offer_background(row: Experiment, config: Any, text: Text) -> None:  # noqa: ANN401
    """Show the button that starts a run and selects it."""
    st.button(text("experiments.run_background"), key="run_background", on_click=_start,
              args=(row, config, text), help=text("experiments.run_help"))  # fmt: skip


def _start(row: Experiment, config: Any, text: Text) -> None:  # noqa: ANN401
    settings = encode(config)
    title = changed_settings(row, settings) or text("experiments.usual")
    try:
        run_id = own_runs.submit("experiment", ExperimentConfig(row.name, settings), title=title)
    except ResnetVizError as error:
        show_error(error, text)
    else:
        SHOWN[row.name].set(run_id)
        MEASURING.set(False)


def show_experiment_run(asked: Asked, run: Run, text: Text) -> None:
    """Show a run and its finding so far."""
    panel = RunPanel(
        "run",
        draw=lambda status: _show_found(asked, run, status, text),
        progress=lambda status: _progress(status, text),
        stopped=lambda status: text("experiments.stopped", percent=_percent(status)),
        resume="" if asked.row.resume is not None else text("experiments.restart"),
        deletable=True,
    )
    show_run(run, panel, text)


def _show_found(asked: Asked, run: Run, status: Status, text: Text) -> None:
    recording = saved_recording(runs.folder(run.id))
    if recording is None:
        return
    if status.state.active:
        origin = text("experiments.here", settings=run.title)
        show_finding(asked, recording.finding, text, origin=origin, whole=False)
    else:
        show_recording(asked, recording, text)


def _progress(status: Status, text: Text) -> tuple[float, str] | None:
    progress = last_of(status.records, ExperimentProgress)
    if progress is None:
        return None
    return progress.share, text("experiments.working", percent=_percent(status))


def _percent(status: Status) -> int:
    progress = last_of(status.records, ExperimentProgress)
    return 0 if progress is None else round(100 * progress.share)
