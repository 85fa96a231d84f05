"""Experiments as background runs: started, watched, stopped, resumed, opened and deleted."""

from typing import Any

import streamlit as st

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import changed
from resnet_viz.experiments.job import ExperimentConfig, found
from resnet_viz.experiments.registry import Experiment
from resnet_viz.jobs.codec import last_of
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run, RunStatus
from resnet_viz.records.experiment_events import ExperimentProgress
from resnet_viz.ui.experiments.result_view import show_finding, show_recording
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import SHOWN

_EVERY = 1.0  # seconds between looks at a run that goes on


def experiment_runs(name: str) -> list[Run]:
    """Runs of an experiment on this machine, the newest first."""
    return [
        run
        for run in runs.listed()
        if isinstance(run.config, ExperimentConfig) and run.config.experiment == name
    ]


def offer_background(row: Experiment, config: Any, text: Text, *, again: bool = False) -> None:  # noqa: ANN401
    """The button that starts a run, which is then shown."""
    label = text("experiments.run_again" if again else "experiments.run_background")
    st.button(label, key="run_background", on_click=_start, args=(row, config, text),
              help=text("experiments.run_help"))  # fmt: skip


def _start(row: Experiment, config: Any, text: Text) -> None:  # noqa: ANN401
    settings = encode(config)
    title = changed(row, settings) or text("experiments.usual")
    try:
        run_id = runs.submit("experiment", ExperimentConfig(row.name, settings), title=title)
    except ResnetVizError as error:
        show_error(error, text)
    else:
        SHOWN[row.name].set(run_id)


def show_run(row: Experiment, run: Run, text: Text) -> None:
    """A run and what it found so far, looked at again while it goes on."""
    active = run.state.active
    st.fragment(_panel, run_every=_EVERY if active else None)(row, run.id, active, text)


def _panel(row: Experiment, run_id: str, active: bool, text: Text) -> None:
    try:
        status = runs.poll(run_id)
    except ResnetVizError:  # deleted, here or in another tab: it is in no list any more
        st.rerun()
    if active is not status.state.active:
        st.rerun()  # with or without the timer now
    _state(status, text)
    _buttons(row, status, text)
    kept = found(runs.folder(run_id))
    if kept is None:
        return
    if status.state.active:
        show_finding(row, kept.finding, text, whole=False)
    else:
        show_recording(row, kept, text)


def _state(status: RunStatus, text: Text) -> None:
    progress = last_of(status.records, ExperimentProgress)
    if status.state is JobState.QUEUED:
        st.caption(text("train.state_queued", position=status.position or 1))
    elif status.state.active and progress is not None:
        percent = round(100 * progress.share)
        st.progress(percent / 100, text=text("experiments.working", percent=percent))
    elif status.state is JobState.STOPPED:
        share = 0 if progress is None else progress.share
        st.caption(text("experiments.stopped", percent=round(100 * share)))
    else:
        st.caption(text(f"train.state_{status.state}"))
    if status.error is not None:
        show_error(status.error, text)


def _buttons(row: Experiment, status: RunStatus, text: Text) -> None:
    run = status.run
    with st.container(horizontal=True):
        if status.state in (JobState.QUEUED, JobState.RUNNING):
            st.button(text("experiments.stop"), key="run_stop", on_click=runs.stop, args=(run.id,))
        if status.state in (JobState.STOPPED, JobState.FAILED):
            goes_on = row.resume is not None
            label = text("experiments.go_on" if goes_on else "experiments.restart")
            st.button(label, key="run_resume", on_click=runs.resume, args=(run.id,))
        if not status.state.active:
            st.button(text("train.delete"), key="run_delete", on_click=_delete,
                      args=(run.id, text))  # fmt: skip


def _delete(run_id: str, text: Text) -> None:
    try:
        runs.delete(run_id)
    except ResnetVizError as error:
        show_error(error, text)
