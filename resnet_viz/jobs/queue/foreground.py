"""Runs executed in the calling process, for the command line."""

from collections.abc import Callable
from pathlib import Path

from resnet_viz.core.errors import RunError
from resnet_viz.jobs.codec import Event
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.runs import TERMINAL, resume


def begin_here(kind: str, config: object, title: str) -> str:
    """Create a run that no worker will pick up; return its id."""
    return RunStore().create(kind, config, title, TERMINAL)


def go_on_here(run_id: str, tell: Callable[[str, Event], None]) -> Path:
    """Execute a new or stopped run to its end.

    A keyboard interrupt leaves the run stopped; it can be resumed.

    Parameters
    ----------
    run_id
        The run, queued, stopped or failed.
    tell
        Called with the run's id and each event.

    Returns
    -------
    Path
        The folder of the run.

    Raises
    ------
    RunError
        If another process executes the run or has stopped it. Errors of the job pass through.

    """
    store = RunStore()
    if store.run(run_id).state is not JobState.QUEUED:
        resume(run_id, serve=False)
    state = execute(store, run_id, watch=lambda event: tell(run_id, event))
    if state is not JobState.DONE:
        raise RunError("run_stopped", run=run_id)
    return store.folder(run_id)
