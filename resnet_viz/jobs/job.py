"""One word for all work that goes on: a job yields records until it is done or stopped.

Three engines do jobs: threads of this process (``threads``), a process with a limit on memory
(``sandbox``), and the queue of background runs (``queue``). All answer the same questions, so a
page waits for, shows and stops each of them in the same way.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from resnet_viz.core.errors import ResnetVizError

R_co = TypeVar("R_co", covariant=True)


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        """Whether something will still come of it by itself."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.STOPPING)


@dataclass(frozen=True)
class Job(Generic[R_co]):
    """Work to be done: equal keys are equal work, which an engine does once.

    ``records`` begins the work and yields what it reports; it is closed (``GeneratorExit``) at the
    next record when the job is stopped.
    """

    key: Hashable
    records: Callable[[], Iterator[R_co]]


@dataclass(frozen=True)
class JobStatus(Generic[R_co]):
    """A job at one moment: its state, the records that came after those already seen, its error.

    ``position`` is the place in the queue, from 1, while the job waits.
    """

    state: JobState
    records: tuple[R_co, ...]
    error: ResnetVizError | None = None
    position: int | None = None


class Running(Protocol[R_co]):
    """A job that an engine has: what is asked of it, whichever engine that is."""

    def poll(self, after: int = 0) -> JobStatus[R_co]:
        """The state, and the records from number ``after`` on."""
        ...

    def stop(self) -> None:
        """Stop at the next record; work that has not begun never begins."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        ...
