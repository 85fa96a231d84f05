"""The common interface of long-running work: a job yields records until it is done or stopped.

Two engines run jobs: a pool of threads (``threads``) and the queue of background runs (``queue``).
A job that must be isolated from this process does its work in a child process (``sandbox``). Both
engines return a ``Running``, so a page waits for, shows and stops every job in the same way.
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
_BYTES = 1000  # default size of a record


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def active(self) -> bool:
        """Whether the job is queued or running, so its state will still change."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.STOPPING)


ANSWERED = (JobState.DONE, JobState.FAILED)  # an error is a valid answer
ENDED = (*ANSWERED, JobState.STOPPED)


class JobStopped(Exception):  # noqa: N818  # a request, not an error
    """Raised when the result of a stopped job is requested."""


def _nothing() -> None:
    return None


def _usual_size(_record: object) -> int:
    return _BYTES


@dataclass(frozen=True)
class Job(Generic[R]):
    """A description of work. Jobs with equal keys are the same work and run once per engine.

    Parameters
    ----------
    key
        Identifies the work; must cover everything that the records depend on.
    records
        Starts the work and yields its records. If the job is stopped, the iterator is closed
        (``GeneratorExit``) at the next record.
    cancel
        Called from another thread when the job is stopped, to interrupt work that would take
        long to reach its next record.
    size
        Returns the size of a record in bytes, for the engine's memory budget.
    last
        Number of most recent records to keep.
    heavy
        Whether it may take many seconds; heavy jobs wait for each other, not before light ones.
    needs
        Bytes that it takes while it runs, for the engine's memory budget.
    kept
        Final states in which the engine keeps the job. In any other final state the job is
        dropped, and starting it again runs it again.

    """

    key: Hashable
    records: Callable[[], Iterator[R]]
    cancel: Callable[[], None] = _nothing
    size: Callable[[R], int] = _usual_size
    last: int = _MOST_RECORDS
    kept: tuple[JobState, ...] = (JobState.DONE,)
    heavy: bool = False
    needs: int = 0


def value_job(
    key: Hashable,
    compute: Callable[[], R],
    size: Callable[[R], int],
    *,
    heavy: bool = False,
    needs: int = 0,
) -> Job[R]:
    """Return a job whose only record is the value of ``compute``."""

    def records() -> Iterator[R]:
        yield compute()

    return Job(key, records, size=size, heavy=heavy, needs=needs)


@dataclass(frozen=True)
class JobStatus(Generic[R_co]):
    """A snapshot of a job.

    Parameters
    ----------
    state
        The current state.
    records
        The records that the caller has not seen yet.
    error
        Why the job failed, or None.
    position
        Place in the queue, from 1; None unless the job is queued.

    """

    state: JobState
    records: tuple[R_co, ...]
    error: ResnetVizError | None = None
    position: int | None = None

    @property
    def result(self) -> R_co:
        """The last record of the job.

        Raises
        ------
        ResnetVizError
            The error of a failed job.
        JobStopped
            If the job was stopped.

        """
        if self.error is not None:
            raise self.error
        if self.state is JobState.STOPPED:
            raise JobStopped
        return self.records[-1]


@runtime_checkable
class Running(Protocol[R_co]):
    """Handle of a started job, the same for every engine."""

    def poll(self, after: int = 0) -> JobStatus[R_co]:
        """Return the state and the records from number ``after`` on."""
        ...

    def stop(self) -> None:
        """Stop at the next record, or at once if queued. Does nothing while the job is watched."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the job to end; return whether it has ended."""
        ...

    def watched(self) -> AbstractContextManager[None]:
        """Return a context in which ``stop`` has no effect, for callers that need the result."""
        ...
