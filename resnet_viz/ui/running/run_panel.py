"""What the panels of background runs share: where a run is, stop and resume."""

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import RunStatus
from resnet_viz.records import Counted
from resnet_viz.ui.frame.messages import show_error


def looked_at(run_id: str, live: bool, text: Text) -> RunStatus | None:
    """Where a run is, from a fragment whose timer runs while ``live``; None, with a sentence, where
    it was deleted in another tab.
    """
    try:
        status = runs.poll(run_id)
    except ResnetVizError as error:
        show_error(error, text)
        return None
    if live is not status.state.active:
        st.rerun()  # with or without the timer now, and with the page's lists as they are
    return status


def run_state(status: RunStatus, counted: Counted | None, text: Text) -> None:
    """The place in the queue, how much is done, or how the run ended."""
    if status.state is JobState.QUEUED:
        st.caption(text("train.state_queued", position=status.position or 1))
        return
    if status.state.active and counted is not None:
        label = text("gallery.progress", done=counted.done, total=counted.total)
        st.progress(counted.share, text=label)
    else:
        st.caption(text(f"train.state_{status.state}"))
    if status.error is not None:
        show_error(status.error, text)


def run_buttons(status: RunStatus, name: str, text: Text) -> None:
    """Stop what goes on, go on with what was stopped."""
    if status.state in (JobState.QUEUED, JobState.RUNNING):
        st.button(text("train.stop"), key=f"{name}_stop", on_click=runs.stop, args=(status.run.id,))
    elif status.state in (JobState.STOPPED, JobState.FAILED):
        st.button(
            text("train.resume"), key=f"{name}_resume", on_click=runs.resume, args=(status.run.id,)
        )
