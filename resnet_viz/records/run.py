"""A background run, as everybody sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from resnet_viz.core.errors import FailureError


class RunState(StrEnum):
    """Where a run is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"  # asked to stop, and not there yet
    STOPPED = "stopped"  # by somebody, or with its worker; can be resumed
    DONE = "done"
    FAILED = "failed"  # ``error`` says why; can be resumed once that is mended

    @property
    def active(self) -> bool:
        """Whether it still changes by itself."""
        return self in (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING)


@dataclass(frozen=True)
class RunEvent:
    """Something a run reported: the latest ``body`` of each ``key``; sequences only grow."""

    sequence: int
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A run without its events. ``position`` counts from 1 in the queue, None outside it."""

    id: str
    kind: str
    title: str
    config: Mapping[str, Any]
    device: str
    state: RunState
    created: datetime  # UTC
    position: int | None = None
    error: FailureError | None = None


@dataclass(frozen=True)
class RunStatus:
    """A run and what it reported after a sequence; ``sequence`` is what to ask for next."""

    run: Run
    events: tuple[RunEvent, ...]
    sequence: int

    @property
    def state(self) -> RunState:
        """Where the run is."""
        return self.run.state

    @property
    def position(self) -> int | None:
        """The run's place in the queue."""
        return self.run.position

    @property
    def error(self) -> FailureError | None:
        """Why it failed, or that its worker died."""
        return self.run.error
