"""An engine that runs jobs on threads: equal keys share one computation, and results are cached.

Callers hold keys, not results, so a closed tab frees nothing until the engine needs room.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.jobs.job import Job, JobState, JobStatus, value_job

R = TypeVar("R")


class ThreadEngine:
    """Runs jobs on a pool of threads and caches them, least recently used evicted first.

    Parameters
    ----------
    name
        Prefix of the thread names.
    threads
        Number of jobs that run at once.
    most_bytes
        Memory budget for the records of finished jobs; None for no limit. The newest job is kept
        even if it exceeds the budget.
    most_jobs
        Number of jobs to keep; None for no limit. The least recently used ones beyond it are
        stopped and dropped.
    initializer
        Called when each thread starts.

    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        most_bytes: int | None = None,
        most_jobs: int | None = None,
        initializer: Callable[[], object] | None = None,
    ) -> None:
        self._most_bytes, self._most_jobs = most_bytes, most_jobs
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Hashable, RunningThread[Any]] = OrderedDict()
        self._pool = ThreadPoolExecutor(threads, name, initializer=initializer)

    def start(self, job: Job[R]) -> "RunningThread[R]":
        """Return the running or cached job of this key; start ``job`` if there is none."""
        with self._lock:
            existing = self._jobs.get(job.key)
            if existing is not None and existing.worth_keeping:
                self._jobs.move_to_end(job.key)
                return cast("RunningThread[R]", existing)
            running = self._jobs[job.key] = RunningThread(job, self._settle)
            self._jobs.move_to_end(job.key)
        self._evict(running)
        self._pool.submit(running.work)
        return running

    def compute(
        self, key: Hashable, compute: Callable[[], R], size: Callable[[R], int]
    ) -> "RunningThread[R]":
        """Start a job whose only record is the value of ``compute``; ``size`` returns its bytes."""
        return self.start(value_job(key, compute, size))

    def find(self, key: Hashable) -> "RunningThread[Any] | None":
        """Return the running or cached job of a key, or None; never starts one."""
        with self._lock:
            running = self._jobs.get(key)
            if running is None or not running.worth_keeping:
                return None
            self._jobs.move_to_end(key)
            return running

    def result(self, key: Hashable) -> object | None:
        """Return the last record of a finished job, or None."""
        running = self.find(key)
        if running is None:
            return None
        status = running.poll()
        return status.result if status.state is JobState.DONE else None

    def put(self, key: Hashable, value: R, size: int) -> None:
        """Cache a value of ``size`` bytes that was computed elsewhere."""
        running = RunningThread(value_job(key, lambda: value, lambda _: size), self._settle)
        with self._lock:
            self._jobs[key] = running
            self._jobs.move_to_end(key)
        running.work()

    def cached(self, key: Hashable, compute: Callable[[], R], size: int) -> R:
        """Return a cached value of ``size`` bytes, computed in the caller's thread if missing."""
        value = self.result(key)
        if value is None:
            value = compute()
            self.put(key, value, size)
        return cast(R, value)

    def forget(self, key: Hashable) -> None:
        """Stop a job and drop it, so that starting it again runs it again."""
        with self._lock:
            running = self._jobs.pop(key, None)
        if running is not None:
            running.stop()

    def forget_unfinished(self, key: Hashable) -> None:
        """Drop a stopped or failed job, so that starting it again runs it again."""
        with self._lock:
            running = self._jobs.get(key)
            if running is not None and running.state in (JobState.STOPPED, JobState.FAILED):
                del self._jobs[key]

    def running(self) -> "list[RunningThread[Any]]":
        """Return all running and cached jobs."""
        with self._lock:
            return list(self._jobs.values())

    def _settle(self, ended: "RunningThread[Any]") -> None:
        if not ended.worth_keeping:
            with self._lock:
                if self._jobs.get(ended.key) is ended:
                    del self._jobs[ended.key]
        self._evict(ended)

    def _evict(self, newest: "RunningThread[Any]") -> None:
        with self._lock:
            evicted = [*self._over_count(), *self._over_bytes(newest)]
            for running in evicted:
                self._jobs.pop(running.key, None)
        for running in evicted:  # not under the lock: a job that ends acquires it
            running.stop()

    def _over_count(self) -> "list[RunningThread[Any]]":
        if self._most_jobs is None:
            return []
        unwatched = [running for running in self._jobs.values() if not running.has_watchers]
        return unwatched[: max(0, len(self._jobs) - self._most_jobs)]

    def _over_bytes(self, newest: "RunningThread[Any]") -> "list[RunningThread[Any]]":
        if self._most_bytes is None:
            return []
        total = sum(running.bytes for running in self._jobs.values())
        evicted = []
        for running in self._jobs.values():
            if total <= self._most_bytes:
                break
            if running is not newest and not running.state.active:
                total -= running.bytes
                evicted.append(running)
        return evicted


class RunningThread(Generic[R]):
    """Handle of a job of a ``ThreadEngine``. Thread-safe."""

    def __init__(self, job: Job[R], ended: "Callable[[RunningThread[R]], None]") -> None:
        self.key = job.key
        self._kept, self._when_ended = job.kept, ended
        self._job: Job[R] | None = job  # None once ended, to free what its functions refer to
        self.state = JobState.QUEUED
        self.bytes = 0
        self._error: ResnetVizError | None = None
        self._records: deque[R] = deque(maxlen=job.last)
        self._count = self._watchers = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()

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
            self.state = JobState.RUNNING
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
        self._when_ended(self)
        self._ended.set()


def _ours(error: BaseException) -> ResnetVizError:
    """Return ``error`` if it is ours, else a ``FailureError`` with it as the cause."""
    if isinstance(error, ResnetVizError):
        return error
    wrapped = FailureError("unexpected", kind=type(error).__name__)
    wrapped.__cause__ = error
    return wrapped
