"""A run in the process that asked for it, for the command line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from resnet_viz.core.errors import RunError
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.runs import resume
from resnet_viz.records import RunState

_HERE = "terminal"  # no worker serves this device


def begin_here(kind: str, config: Mapping[str, Any], title: str) -> str:
    """A new run that no worker takes; returns its id."""
    return RunStore().create(kind, config, title, _HERE)


def go_on_here(run_id: str, tell: Callable[[str, dict[str, Any]], None]) -> Path:
    """Do a run, new or stopped, to its end; returns its folder.

    ``tell`` sees every event. Raises what the run raised; ``RunError`` if it was stopped from
    elsewhere. An interrupt leaves it stopped, to be resumed.
    """
    store = RunStore()
    if store.run(run_id).state is not RunState.QUEUED:
        resume(run_id, serve=False)
    state = execute(store, run_id, watch=lambda event: tell(run_id, event))
    if state is not RunState.DONE:
        raise RunError("run_stopped", run=run_id)
    return store.folder(run_id)
