"""One experiment: question, guess, and the measured result."""

from dataclasses import fields
from typing import Any

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import changed_settings
from resnet_viz.experiments.recordings import LIVE_LIMIT, expected_seconds, recordings_of
from resnet_viz.experiments.registry import Experiment
from resnet_viz.jobs.job import ENDED, Job, JobState, JobStatus, Running
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import Finding, Recording
from resnet_viz.ui.experiments.background_runs import (
    experiment_runs,
    offer_background,
    show_experiment_run,
)
from resnet_viz.ui.experiments.result_view import show_finding, show_recording
from resnet_viz.ui.experiments.twins_choice import ask_twins
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import GUESS, REVEALED, SHOWN
from resnet_viz.ui.frame.words import duration
from resnet_viz.ui.running.waiting import follow

_LIVE = "live"


def show_experiment(row: Experiment, text: Text) -> None:
    """Show question and guess, then the finding: live, recorded, or of a background run."""
    st.subheader(text(f"experiment.{row.name}.title"), anchor=False)
    st.markdown(text(f"experiment.{row.name}.question"))
    st.radio(
        text("experiments.question"),
        row.answers,
        index=None,
        key=GUESS[row.name].name,
        format_func=lambda answer: text(f"experiment.{row.name}.answer_{answer}"),
        horizontal=True,
    )
    config = _ask_settings(row, text)
    if config is None:
        return
    recordings = {one.name: one for one in recordings_of(row.name)}
    own = {run.id: run for run in experiment_runs(row.name)}
    shown = _ask_shown(row, recordings, own, text)
    if shown in own:
        show_experiment_run(row, own[shown], text)
    elif shown in recordings:
        _show_kept(row, recordings[shown], text)
    else:
        _show_now(row, config, list(recordings.values()), text)


def _ask_shown(
    row: Experiment, recordings: dict[str, Recording], own: dict[str, Run], text: Text
) -> str:  # fmt: skip
    """Return the chosen source: "live", a recording's name, or a run's id."""
    options = [_LIVE, *recordings, *own]
    key = SHOWN[row.name]
    if key.get() not in options:
        key.set(_LIVE)
    if len(options) == 1:
        return _LIVE

    def label(option: str) -> str:
        if option in recordings:
            one = recordings[option]
            return text("experiments.shown_recorded", settings=_settings(row, one.finding, text),
                        date=one.date[:10])  # fmt: skip
        if option in own:
            return text("experiments.shown_run", title=own[option].title,
                        date=f"{own[option].created:%m-%d %H:%M}")  # fmt: skip
        return text("experiments.shown_live")

    return st.selectbox(text("experiments.shown"), options, format_func=label, key=key.name)


def _settings(row: Experiment, finding: Finding, text: Text) -> str:
    return changed_settings(row, finding.settings) or text("experiments.usual")


def _show_now(row: Experiment, config: Any, recordings: list[Recording], text: Text) -> None:  # noqa: ANN401
    """Show the finding live; if it takes too long, a recording with equal settings, or an offer to
    run it in the background.
    """
    seconds = expected_seconds(row, config)
    if seconds is None or seconds <= LIVE_LIMIT:
        if seconds is not None:
            st.caption(text("experiments.takes", time=duration(seconds, text)))
        _show_live(row, config, text)
        return
    st.info(text("experiments.takes_long", time=duration(seconds, text)))
    same = next((k for k in recordings if row.settings(k.finding.settings) == config), None)
    if same is not None:
        _show_kept(row, same, text)
    else:
        offer_background(row, config, text)


def _show_kept(row: Experiment, recording: Recording, text: Text) -> None:
    if _revealed((row.name, "recorded", recording.name), text):
        show_recording(row, recording, text)
        offer_background(row, row.settings(recording.finding.settings), text, again=True)


def _show_live(row: Experiment, config: Any, text: Text) -> None:  # noqa: ANN401
    if _revealed((row.name, config), text):
        job = Job((row.name, config), lambda: row.run(config), last=1, kept=ENDED)
        follow(
            lambda: measurements().start(job),
            lambda running, status: _show_finding(row, running, status, text),
        )


def _revealed(key: Any, text: Text) -> bool:  # noqa: ANN401  # what is to be shown
    """Return whether to show the result; the button restarts an unfinished measurement."""
    if st.button(text("experiments.reveal"), key="reveal", type="primary"):
        REVEALED.set(key)
        measurements().forget_unfinished(key)
    return bool(REVEALED.get() == key)


def _ask_settings(row: Experiment, text: Text) -> Any:  # noqa: ANN401  # the experiment's own
    with st.expander(text("experiments.settings")):
        small = st.toggle(
            text("experiments.small"), key=f"small_{row.name}", help=text("experiments.small_help")
        )
        st.caption(text("experiments.settings_help"))
        start = row.settings(small=small)
        names = [field.name for field in fields(start)]
        own = ask_twins(f"twins_{row.name}", text) if "twins" in names else {}
        typed: dict[str, str] = {}
        columns = st.columns(4)
        for place, name in enumerate(name for name in names if name not in {"twins", *own}):
            typed[name] = columns[place % 4].text_input(
                name,
                _written(getattr(start, name)),
                key=f"set_{row.name}_{small}_{name}",
                max_chars=80,
            )
    try:
        return row.settings(typed | own)
    except ResnetVizError as error:
        show_error(error, text)
        return None


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _show_finding(
    row: Experiment, running: Running[Finding], status: JobStatus[Finding], text: Text
) -> None:
    if status.error is not None:
        show_error(status.error, text)
    finding = status.records[-1] if status.records else None
    percent = round(100 * finding.progress) if finding is not None else 0
    if status.state.active:
        left, right = st.columns([4, 1])
        left.progress(percent / 100, text=text("experiments.working", percent=percent))
        right.button(text("experiments.stop"), key="experiment_stop", on_click=running.stop)
    elif status.state is JobState.STOPPED:
        st.caption(text("experiments.stopped", percent=percent))
    if finding is not None:
        show_finding(row, finding, text, whole=not status.state.active)
