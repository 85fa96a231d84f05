"""One word for all work that goes on: a job yields records until it is done or stopped.

Threads of this process (``threads``) and the queue of background runs (``queue``) do jobs; a job
that must not share this process does its work in another one (``sandbox``). All answer the same
questions, so a page waits for, shows and stops each of them in the same way.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar, runtime_checkable

from resnet_viz.core.errors import ResnetVizError

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_MOST_RECORDS = 2000
_BYTES = 1000  # of a record whose size nobody states


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


ANSWERED = (JobState.DONE, JobState.FAILED)  # a refusal is an answer
ENDED = (*ANSWERED, JobState.STOPPED)


class JobStopped(Exception):  # noqa: N818  # nothing went wrong: somebody asked for it
    """A job was stopped, so it has no result."""


def _nothing() -> None:
    return None


def _usual_size(_record: object) -> int:
    return _BYTES


@dataclass(frozen=True)
class Job(Generic[R]):
    """Work to be done: equal keys are equal work, which an engine does once.

    Parameters
    ----------
    key
        Everything that the records depend on.
    records
        Begins the work and yields what it reports. The iterator is closed (``GeneratorExit``) at
        the next record when the job is stopped.
    cancel
        Ends work that would take long to reach its next record; called from another thread.
    size
        Bytes of a record, for the budget of the engine that keeps it.
    last
        How many of the last records are kept.
    kept
        The ends that an engine remembers. After any other, asking again begins anew.

    """

    key: Hashable
    records: Callable[[], Iterator[R]]
    cancel: Callable[[], None] = _nothing
    size: Callable[[R], int] = _usual_size
    last: int = _MOST_RECORDS
    kept: tuple[JobState, ...] = (JobState.DONE,)


def value_job(key: Hashable, compute: Callable[[], R], size: Callable[[R], int]) -> Job[R]:
    """A job whose only record is the value of ``compute``."""

    def records() -> Iterator[R]:
        yield compute()

    return Job(key, records, size=size)


@dataclass(frozen=True)
class JobStatus(Generic[R_co]):
    """A job at one moment: its state, the records that came after those already seen, its error.

    ``position`` is the place in the queue, from 1, while the job waits.
    """

    state: JobState
    records: tuple[R_co, ...]
    error: ResnetVizError | None = None
    position: int | None = None

    @property
    def result(self) -> R_co:
        """The last record. Raises the error of a failed job, and ``JobStopped``."""
        if self.error is not None:
            raise self.error
        if self.state is JobState.STOPPED:
            raise JobStopped
        return self.records[-1]


@runtime_checkable
class Running(Protocol[R_co]):
    """A job that an engine has: what is asked of it, whichever engine that is."""

    def poll(self, after: int = 0) -> JobStatus[R_co]:
        """The state, and the records from number ``after`` on."""
        ...

    def stop(self) -> None:
        """Stop at the next record, unless somebody watches; queued work never begins."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        ...

    def watched(self) -> AbstractContextManager[None]:
        """Inside, ``stop`` does nothing: somebody waits for the end."""
        ...
