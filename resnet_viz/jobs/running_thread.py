"""The handle of one job of a ``ThreadEngine``: its state, its records, and what stops it."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.jobs.job import Job, JobState, JobStatus

R = TypeVar("R")


class RunningThread(Generic[R]):
    """Handle of a job of a ``ThreadEngine``. Thread-safe.

    Parameters
    ----------
    job
        The work.
    moved
        Called when the job has begun, if it needs room, and when it has ended.
    refused
        Why the job is not run at all, or None.

    """

    def __init__(
        self,
        job: Job[R],
        moved: "Callable[[RunningThread[R]], None]",
        refused: ResnetVizError | None = None,
    ) -> None:
        self.key = job.key
        self._kept, self._when_moved = job.kept, moved
        self._job: Job[R] | None = job  # None once ended, to free what its functions refer to
        self.state = JobState.QUEUED
        self.bytes = 0
        self._error: ResnetVizError | None = None
        self._records: deque[R] = deque(maxlen=job.last)
        self._count = self._watchers = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        if refused is not None:
            self.state, self._error, self._job = JobState.FAILED, refused, None
            self._ended.set()

    @property
    def worth_keeping(self) -> bool:
        """Whether the engine keeps this job: it is active, or ended in a state of ``Job.kept``."""
        state = JobState.STOPPED if self.state is JobState.STOPPING else self.state
        return state.active or state in self._kept

    @property
    def has_watchers(self) -> bool:
        """Whether a caller is inside ``watched``."""
        return self._watchers > 0

    def poll(self, after: int = 0) -> JobStatus[R]:
        """Return the state and the kept records from number ``after`` on."""
        with self._lock:
            first = self._count - len(self._records)
            records = tuple(self._records)[max(0, after - first) :]
            return JobStatus(self.state, records, self._error)

    def stop(self) -> None:
        """Stop at the next record, or at once if queued. Does nothing while the job is watched."""
        with self._lock:
            if self._watchers or not self.state.active:
                return
            started, job = self.state is not JobState.QUEUED, self._job
            self.state = JobState.STOPPING if started else JobState.STOPPED
        if not started:
            self._end(JobState.STOPPED, 0)
        elif job is not None:
            job.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the job to end; return whether it has ended."""
        return self._ended.wait(seconds)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Context in which ``stop`` has no effect, for callers that need the result."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1

    def work(self) -> None:
        """Run the job in the calling thread."""
        with self._lock:
            job = self._job
            if self.state is not JobState.QUEUED or job is None:
                return
            self.state, self.bytes = JobState.RUNNING, job.needs
        if job.needs:
            self._when_moved(self)  # room for it
        size = 0
        try:
            state = self._run(job)
            size = sum(job.size(record) for record in self._records)
        except BaseException as error:  # waiting threads must be woken whatever happens
            stopped = self.state is JobState.STOPPING
            state = JobState.STOPPED if stopped else JobState.FAILED
            self._error = None if stopped else _ours(error)
        self._end(state, size)

    def _run(self, job: Job[R]) -> JobState:
        records = job.records()
        try:
            for record in records:
                with self._lock:
                    self._records.append(record)
                    self._count += 1
                if self.state is JobState.STOPPING:
                    return JobState.STOPPED
        finally:
            if isinstance(records, Generator):
                records.close()
        return JobState.DONE

    def _end(self, state: JobState, size: int) -> None:
        with self._lock:
            self.state, self.bytes, self._job = state, size, None
        self._when_moved(self)
        self._ended.set()


def _ours(error: BaseException) -> ResnetVizError:
    """Return ``error`` if it is ours, else a ``FailureError`` with it as the cause."""
    if isinstance(error, ResnetVizError):
        return error
    wrapped = FailureError("unexpected", kind=type(error).__name__)
    wrapped.__cause__ = error
    return wrapped
