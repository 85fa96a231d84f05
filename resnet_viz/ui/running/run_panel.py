"""The panel of a background run, the same on all pages: state, progress and buttons."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.jobs.codec import Event, last_of
from resnet_viz.jobs.job import JobState, JobStatus
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.jobs.queue.runs import QueuedRun
from resnet_viz.records import Counted
from resnet_viz.ui.choose.own_runs import act, may_change, share, unshare
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.serving import serving
from resnet_viz.ui.frame.session import RUN, SHARE
from resnet_viz.ui.running.waiting import follow

_EVERY = 1.0  # seconds between polls of an active run

Status = JobStatus[Event]


@dataclass(frozen=True)
class RunPanel:
    """What differs between the panels of the pages.

    Parameters
    ----------
    name
        The prefix of the buttons' keys.
    draw
        Draws what the run has reported.
    progress
        Returns the finished fraction, 0 to 1, and its label; None before the first report.
    stopped, resume
        The texts of a stopped run and of the button that resumes it; empty for the usual ones.
    deletable
        Whether the panel offers to delete an ended run.
    pause
        Whether the panel offers to pause too: the run stops, and the page stays as it is.
    after_stop
        Called after the run was stopped, but not if it was paused.
    page
        The page that a link to a shared run opens; empty if such runs are not shared.

    """

    name: str
    draw: Callable[[Status], object]
    progress: Callable[[Status], tuple[float, str] | None]
    stopped: Callable[[Status], str] | None = None
    resume: str = ""
    deletable: bool = False
    pause: bool = False
    after_stop: Callable[[], object] = bool
    page: str = ""


def show_run(run: Run, panel: RunPanel, text: Text) -> None:
    """Show the panel, redrawn while the run is active; the rest of the page is not rerun.

    Whoever sees somebody else's run by a link gets no buttons.
    """
    changeable = may_change(run)

    def draw(running: QueuedRun, status: Status) -> None:
        with st.container(horizontal=True, vertical_alignment="center"):
            _state(status, panel, text)
            if changeable:
                _buttons(running, status, panel, text)
                _sharing(running.id, panel, text)
        if status.error is not None:
            show_error(status.error, text)
        panel.draw(status)

    follow(lambda: QueuedRun(run.id), draw, patience=0, every=_EVERY)


def counted(text: Text) -> Callable[[Status], tuple[float, str] | None]:
    """Return the progress of a job that counts what it has done."""

    def progress(status: Status) -> tuple[float, str] | None:
        last = last_of(status.records, Counted)
        if last is None:
            return None
        return last.share, text("gallery.progress", done=last.done, total=last.total)

    return progress


def _state(status: Status, panel: RunPanel, text: Text) -> None:
    """Show the position in the queue, the progress, or how the run ended."""
    progress = panel.progress(status)
    if status.state is JobState.QUEUED:
        st.caption(text("train.state_queued", position=status.position or 1))
    elif status.state.active and progress is not None:
        share, label = progress
        st.progress(share, text=label)
    elif status.state is JobState.STOPPED and panel.stopped is not None:
        st.caption(panel.stopped(status))
    else:
        st.caption(text(f"train.state_{status.state}"))


def _buttons(running: QueuedRun, status: Status, panel: RunPanel, text: Text) -> None:
    if status.state in (JobState.QUEUED, JobState.RUNNING):
        if panel.pause:
            st.button(text("train.pause"), key=f"{panel.name}_pause", icon=":material/pause:",
                      on_click=act, args=(text, runs.stop, running.id),
                      help=text("train.pause_help"))  # fmt: skip
        st.button(text("train.stop"), key=f"{panel.name}_stop", icon=":material/stop:",
                  on_click=_stop, args=(running, panel, text))  # fmt: skip
    if status.state in (JobState.STOPPED, JobState.FAILED):
        label = panel.resume or text("train.resume")
        st.button(label, key=f"{panel.name}_resume", icon=":material/play_arrow:",
                  on_click=act, args=(text, runs.resume, running.id))  # fmt: skip
    if panel.deletable and not status.state.active:
        st.button(text("train.delete"), key=f"{panel.name}_delete",
                  on_click=act, args=(text, runs.delete, running.id))  # fmt: skip


def _stop(running: QueuedRun, panel: RunPanel, text: Text) -> None:
    act(text, runs.stop, running.id)
    panel.after_stop()


def _sharing(run_id: str, panel: RunPanel, text: Text) -> None:
    """Where visitors have runs of their own, offer a link by which others can look at this one."""
    if not panel.page or not serving().apart:
        return
    key = runs.run(run_id).share
    with st.popover(text("share.title")):
        if not key:
            st.caption(text("share.off"))
            st.button(text("share.start"), key=f"{panel.name}_share",
                      on_click=act, args=(text, share, run_id))  # fmt: skip
            return
        st.caption(text("share.on"))
        st.code(f"{_origin()}/{panel.page}?{RUN.name}={run_id}&{SHARE.name}={key}", language=None)
        st.button(text("share.end"), key=f"{panel.name}_unshare",
                  on_click=act, args=(text, unshare, run_id))  # fmt: skip


def _origin() -> str:
    """The address that this page was called by, without the page's own name."""
    return (st.context.url or "").rstrip("/").rpartition("/")[0]
