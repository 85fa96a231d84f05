"""One experiment: question, guess, and then the result: recorded first, measured here second."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from resnet_viz.core.converter import encode
from resnet_viz.core.text import Text
from resnet_viz.experiments.finding_files import changed_settings
from resnet_viz.experiments.guesses import next_unguessed
from resnet_viz.experiments.recordings import deepest_first
from resnet_viz.experiments.registry import Experiment
from resnet_viz.jobs.job import ENDED, Job, JobState, JobStatus, Running
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import Finding, Recording
from resnet_viz.records.findings import Settings
from resnet_viz.ui.experiments.background_runs import experiment_runs, show_experiment_run
from resnet_viz.ui.experiments.experiment_cards import (
    chosen_experiment,
    show_blurred,
    show_cards,
    show_progress,
)
from resnet_viz.ui.experiments.measure_here import HERE, offer_measuring
from resnet_viz.ui.experiments.own_guesses import ask_guess, own_guesses
from resnet_viz.ui.experiments.result_view import Asked, show_finding, show_recording
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import EXPERIMENT, MEASURED, SHOWN
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.running.waiting import follow

_SELECT = 230  # pixels; with the buttons beside it one row on a laptop


def show_experiments(text: Text) -> None:
    """Show the cards, or the experiment that is open."""
    row, guesses = chosen_experiment(), own_guesses()
    if row is None:
        show_cards(guesses, text)
    elif row.name in guesses:
        _show_revealed(Asked(row, guesses[row.name]), guesses, text)
    else:
        _show_question(row, guesses, text)


def _show_question(row: Experiment, guesses: Mapping[str, str], text: Text) -> None:
    """Show the card alone, as a link to it does."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _offer_back(text)
        show_progress(guesses, text)
    _say_question(row, text)
    picture, answers = st.columns([2, 1])
    with picture:
        show_blurred(row, text)
    with answers:
        ask_guess(row, text)
        st.caption(text("experiments.guess_first"))


def _show_revealed(asked: Asked, guesses: Mapping[str, str], text: Text) -> None:
    """Show the result, and the ways on: other results, a measurement, the next question."""
    row = asked.row
    recordings = {one.name: one for one in deepest_first(row)}
    own = {run.id: run for run in experiment_runs(row.name)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _offer_back(text)
        shown = _ask_shown(row, recordings, own, text)
        offer_measuring(row, text)
        _offer_next(row, guesses, text)
    _say_question(row, text)
    if shown in own:
        show_experiment_run(asked, own[shown], text)
    elif shown in recordings:
        show_recording(asked, recordings[shown], text)
    else:
        _show_measured(asked, MEASURED[row.name].get(), text)


def _say_question(row: Experiment, text: Text) -> None:
    st.caption(f"{text(f'experiment.{row.name}.title')} · {md_escape(row.citation)}")
    st.subheader(text(f"experiment.{row.name}.question"), anchor=False)


def _offer_back(text: Text) -> None:
    st.button(text("experiments.back"), key="back", icon=":material/arrow_back:",
              on_click=EXPERIMENT.set, args=(None,))  # fmt: skip


def _offer_next(row: Experiment, guesses: Mapping[str, str], text: Text) -> None:
    """Lead to the next question without a guess."""
    following = next_unguessed(guesses, row.name)
    if following is None:
        st.caption(text("experiments.all_guessed"))
        return
    st.button(text("experiments.next"), key="next", icon=":material/arrow_forward:",
              on_click=EXPERIMENT.set, args=(following.name,),
              help=text(f"experiment.{following.name}.title"))  # fmt: skip


def _ask_shown(
    row: Experiment, recordings: dict[str, Recording], own: dict[str, Run], text: Text
) -> str:  # fmt: skip
    """Return what is shown: a recording's name, a run's id, or what was measured here."""
    here = [HERE] if MEASURED[row.name].get() is not None else []
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
                        label_visibility="collapsed", width=_SELECT)  # fmt: skip


def _changed(row: Experiment, settings: Settings, text: Text) -> str:
    return changed_settings(row, settings) or text("experiments.usual")


def _show_measured(asked: Asked, config: Any, text: Text) -> None:  # noqa: ANN401
    row = asked.row
    job = Job((row.name, config), lambda: row.run(config), last=1, kept=ENDED)
    origin = text("experiments.here", settings=_changed(row, encode(config), text))
    follow(
        lambda: measurements().start(job),
        lambda running, status: _show_progressing(asked, origin, running, status, text),
    )


def _show_progressing(
    asked: Asked,
    origin: str,
    running: Running[Finding],
    status: JobStatus[Finding],
    text: Text,
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
        show_finding(asked, finding, text, origin=origin, whole=not status.state.active)
