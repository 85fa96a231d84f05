"""A run in the process that asked for it, for the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from resnet_viz.errors import RunError
from resnet_viz.records import RunState
from resnet_viz.runs.execute import execute
from resnet_viz.runs.local import resume as queue_again
from resnet_viz.runs.store import RunStore

_HERE = "terminal"  # no worker serves this device


class Config(Protocol):
    """What can travel as JSON, and names itself."""

    title: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""


def run_here(
    kind: str,
    config: Config | None,
    resume: str,
    tell: Callable[[str, dict[str, Any]], None],
) -> tuple[str, Path]:
    """Do a new run, or go on with the one called ``resume``; returns its id and folder.

    ``tell`` sees every event. Raises what the run raised; ``RunError`` if it was stopped from
    elsewhere. An interrupt leaves it stopped, to be resumed.
    """
    store = RunStore()
    if resume:
        run_id = resume
        queue_again(run_id, serve=False)
    else:
        assert config is not None
        run_id = store.create(kind, config.to_dict(), config.title, _HERE)
    state = execute(store, run_id, watch=lambda event: tell(run_id, event))
    if state is not RunState.DONE:
        raise RunError("run_stopped", run=run_id)
    return run_id, store.folder(run_id)
