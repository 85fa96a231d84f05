"""A run in the process that asked for it, for the command line."""

from collections.abc import Callable
from pathlib import Path

from resnet_viz.core.errors import RunError
from resnet_viz.jobs.codec import Event
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.runs import resume

_HERE = "terminal"  # no worker serves this device


def begin_here(kind: str, config: object, title: str) -> str:
    """A new run that no worker takes; returns its id."""
    return RunStore().create(kind, config, title, _HERE)


def go_on_here(run_id: str, tell: Callable[[str, Event], None]) -> Path:
    """Do a run, new or stopped, to its end; returns its folder.

    ``tell`` sees every event. Raises what the run raised; ``RunError`` if it was stopped from
    elsewhere. An interrupt leaves it stopped, to be resumed.
    """
    store = RunStore()
    if store.run(run_id).state is not JobState.QUEUED:
        resume(run_id, serve=False)
    state = execute(store, run_id, watch=lambda event: tell(run_id, event))
    if state is not JobState.DONE:
        raise RunError("run_stopped", run=run_id)
    return store.folder(run_id)
