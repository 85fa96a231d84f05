"""A lesson's figure: drawn from the record, and what is measured here laid over it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.recordings import LIVE_LIMIT, expected_seconds
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.figures.lesson_plots import OVERLAID, lesson_figure, lesson_panel
from resnet_viz.jobs.job import ENDED, Job, JobState, JobStatus, Running
from resnet_viz.lessons.lesson import Lesson, View
from resnet_viz.lessons.lesson_records import record_name, recording
from resnet_viz.lessons.measures.measured import MEASURES
from resnet_viz.records import Finding, Panel, Recording
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import LESSON_MEASURED
from resnet_viz.ui.running.waiting import follow


@dataclass(frozen=True)
class Shown:
    """A view of a lesson with the panels that it draws."""

    lesson: Lesson
    view: View
    record: Recording
    panel: Panel
    behind: Panel | None


def shown(lesson: Lesson, view: View) -> Shown:
    """Return what a view draws; the lesson's file was checked when it was read."""
    record = recording(record_name(lesson, view.record))
    panel = lesson_panel(record.finding, view.panel, view.curves)
    assert panel is not None
    behind = lesson_panel(record.finding, view.behind) if view.behind else None
    return Shown(lesson, view, record, panel, behind)


def show_view(lesson: Lesson, view: View, text: Text, *, key: str) -> None:
    """Show a view; below it, its date and the way to measure it here."""
    what = shown(lesson, view)
    measure = _measurement(what.record)
    asked = LESSON_MEASURED[f"{lesson.name}_{what.record.name}"]
    if measure is None or not asked.get():
        _draw(what, None, text, key)
        _foot(what, text)
        if measure is not None:
            st.button(text("learn.measure"), key=f"measure_{key}", on_click=asked.set,
                      args=(True,), type="tertiary", help=text("learn.measure_help"))  # fmt: skip
        return
    job = Job(("lesson", what.record.name), measure, last=1, kept=ENDED)
    follow(
        lambda: measurements().start(job),
        lambda running, status: _show_both(what, running, status, text, key),
    )


def _show_both(
    what: Shown, running: Running[Finding], status: JobStatus[Finding], text: Text, key: str
) -> None:
    finding = status.records[-1] if status.records else None
    _draw(what, finding, text, key)
    _foot(what, text)
    if status.error is not None:
        show_error(status.error, text)
    elif status.state.active:
        percent = 0 if finding is None else round(100 * finding.progress)
        left, right = st.columns([4, 1])
        left.progress(percent / 100, text=text("experiments.working", percent=percent))
        right.button(text("experiments.stop"), key=f"stop_{key}", on_click=running.stop)
    elif status.state is JobState.DONE:
        st.caption(text("learn.measured_over"))
    else:
        st.caption(text("experiments.stopped", percent=0 if finding is None
                        else round(100 * finding.progress)))  # fmt: skip


def _draw(what: Shown, measured: Finding | None, text: Text, key: str) -> None:
    """Draw the record, dotted over it what was measured here; maps and rows one below the other."""
    view = what.view
    over = None if measured is None else lesson_panel(measured, view.panel, view.curves)
    behind = over if over is not None and what.panel.mark in OVERLAID else what.behind
    name = f"{what.lesson.name}-{view.name}"
    chart(lesson_figure(what.panel, text, behind=behind), key=f"figure_{key}", name=name)
    if over is not None and what.panel.mark not in OVERLAID:
        chart(lesson_figure(over, text), key=f"figure_{key}_here", name=f"{name}-here")


def _foot(what: Shown, text: Text) -> None:
    st.caption(text("experiments.recorded", date=what.record.date[:10]))


def _measurement(record: Recording) -> Callable[[], Iterator[Finding]] | None:
    """Return what measures a record anew; None if nothing does.

    An experiment runs with the settings of the record, or with small ones if that takes too long.
    """
    name = record.finding.experiment
    if name in MEASURES:
        return lambda: iter((MEASURES[name](),))
    if name not in EXPERIMENTS:
        return None
    row = EXPERIMENTS[name]
    config = row.settings(record.finding.settings)
    seconds = expected_seconds(row, config)
    live = seconds is not None and seconds <= LIVE_LIMIT
    return lambda: row.run(config if live else row.settings(small=True))
