"""One experiment: question, guess, and then the result: recorded first, measured here second."""

from dataclasses import fields
from typing import Any

import streamlit as st

from resnet_viz.core.converter import encode
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.datasets.cifar10_images import is_excerpt
from resnet_viz.experiments.finding_files import changed_settings
from resnet_viz.experiments.measures.batches import Images
from resnet_viz.experiments.recordings import LIVE_LIMIT, deepest_first, expected_seconds
from resnet_viz.experiments.registry import Experiment
from resnet_viz.experiments.verdict_sentences import answer_label
from resnet_viz.jobs.job import ENDED, Job, JobState, JobStatus, Running
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import Finding, Recording
from resnet_viz.records.findings import Settings
from resnet_viz.ui.experiments.background_runs import (
    experiment_runs,
    offer_background,
    show_experiment_run,
)
from resnet_viz.ui.experiments.result_view import show_finding, show_recording
from resnet_viz.ui.experiments.twins_choice import ask_twins
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import GUESS, MEASURED, MEASURING, SHOWN
from resnet_viz.ui.frame.words import duration
from resnet_viz.ui.running.waiting import follow

_HERE = "here"  # what was measured on this page
_COLUMNS = 3  # of settings
_USUAL, _SMALL, _RECORDED = "usual", "small", "recorded"  # settings to start from


def show_experiment(row: Experiment, text: Text) -> None:
    """Show question and guess; after the guess, a recording, and the way to measure it here."""
    st.subheader(text(f"experiment.{row.name}.title"), anchor=False)
    st.markdown(text(f"experiment.{row.name}.question"))
    guess = st.radio(
        text("experiments.question"),
        row.choices,
        index=None,
        key=GUESS[row.name].name,
        format_func=lambda answer: answer_label(row, answer, text),
    )
    if guess is None:
        st.caption(text("experiments.guess_first"))
        return
    recordings = {one.name: one for one in deepest_first(row)}
    own = {run.id: run for run in experiment_runs(row.name)}
    what, measuring = st.columns([3, 2])
    with what:
        shown = _ask_shown(row, recordings, own, text)
    with measuring:
        _offer_measuring(row, text)
    if shown in own:
        show_experiment_run(row, own[shown], text)
    elif shown in recordings:
        show_recording(row, recordings[shown], text)
    else:
        _show_measured(row, MEASURED[row.name].get(), text)


def _ask_shown(
    row: Experiment, recordings: dict[str, Recording], own: dict[str, Run], text: Text
) -> str:  # fmt: skip
    """Return what is shown: a recording's name, a run's id, or what was measured here."""
    here = [_HERE] if MEASURED[row.name].get() is not None else []
    options = [*recordings, *here, *own]
    key = SHOWN[row.name]
    if key.get() not in options:
        key.set(options[0])

    def label(option: str) -> str:
        if option in recordings:
            one = recordings[option]
            settings = _changed(row, one.finding.settings, text)
            return text("experiments.shown_recorded", settings=settings, date=one.date[:10])
        if option in own:
            return text("experiments.shown_run", title=own[option].title,
                        date=f"{own[option].created:%m-%d %H:%M}")  # fmt: skip
        return text("experiments.shown_here")

    return st.selectbox(text("experiments.shown"), options, format_func=label, key=key.name,
                        label_visibility="collapsed")  # fmt: skip


def _changed(row: Experiment, settings: Settings, text: Text) -> str:
    return changed_settings(row, settings) or text("experiments.usual")


def _offer_measuring(row: Experiment, text: Text) -> None:
    """Ask for settings, and offer to measure with them: on the page, or in the background."""
    with st.popover(
        text("experiments.measure_here"),
        icon=":material/science:",
        width="stretch",
        key=MEASURING.name,
        on_change="rerun",  # so that it can be closed when the measurement starts
    ):
        config = _ask_settings(row, text)
        if config is None:
            return
        if getattr(config, "source", None) is Images.CIFAR10 and is_excerpt():
            st.caption(text("cifar10.excerpt"))
        seconds = expected_seconds(row, config)
        live = seconds is None or seconds <= LIVE_LIMIT
        if seconds is not None:
            takes = "takes" if live else "takes_long"
            st.caption(text(f"experiments.{takes}", time=duration(seconds, text)))
        with st.container(horizontal=True):
            if live:
                st.button(text("experiments.measure"), key="measure_here", type="primary",
                          on_click=_measure, args=(row, config))  # fmt: skip
            offer_background(row, config, text)


def _measure(row: Experiment, config: Any) -> None:  # noqa: ANN401
    """Show what is measured with these settings; an unfinished measurement starts anew."""
    MEASURED[row.name].set(config)
    SHOWN[row.name].set(_HERE)
    MEASURING.set(False)
    measurements().forget_unfinished((row.name, config))


def _show_measured(row: Experiment, config: Any, text: Text) -> None:  # noqa: ANN401
    job = Job((row.name, config), lambda: row.run(config), last=1, kept=ENDED)
    st.markdown(text("experiments.here", settings=_changed(row, encode(config), text)))
    follow(
        lambda: measurements().start(job),
        lambda running, status: _show_finding(row, running, status, text),
    )


def _ask_settings(row: Experiment, text: Text) -> Any:  # noqa: ANN401  # the experiment's own
    """Ask for settings, starting from the usual ones, small ones, or those of the recording."""
    starts = {_USUAL: row.settings(), _SMALL: row.settings(small=True)}
    recorded = row.settings(deepest_first(row)[0].finding.settings)
    if recorded != starts[_USUAL]:
        starts[_RECORDED] = recorded
    chosen = st.segmented_control(
        text("experiments.start"),
        list(starts),
        default=_USUAL,
        format_func=lambda name: text(f"experiments.start_{name}"),
        key=f"start_{row.name}",
        help=text("experiments.start_help"),
        required=True,
    )
    start = starts[chosen or _USUAL]
    names = [field.name for field in fields(start)]
    own = ask_twins(f"twins_{row.name}", text) if "twins" in names else {}
    typed: dict[str, str] = {}
    columns = st.columns(_COLUMNS)
    for place, name in enumerate(name for name in names if name not in {"twins", *own}):
        typed[name] = columns[place % _COLUMNS].text_input(
            name,
            _written(getattr(start, name)),
            key=f"set_{row.name}_{chosen}_{name}",
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
