"""Jobs on threads of this process: equal keys share one computation, and results are kept.

Whoever asks holds keys, never results: a closed tab frees nothing until room is needed.
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
    """Runs jobs on a pool of threads and keeps the least recently used ones last.

    Parameters
    ----------
    name
        Of the threads.
    threads
        How many jobs run at once.
    most_bytes
        Room for the records of ended jobs. The newest job is kept even where it is larger.
    most_jobs
        How many jobs are kept; of more, the least recently used is stopped and forgotten.
    initializer
        Called at the start of each thread.

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
        """The job of this key: on its way, kept, or begun now."""
        with self._lock:
            kept = self._jobs.get(job.key)
            if kept is not None and kept.worth_keeping:
                self._jobs.move_to_end(job.key)
                return cast("RunningThread[R]", kept)
            running = self._jobs[job.key] = RunningThread(job, self._settle)
            self._jobs.move_to_end(job.key)
        self._evict(running)
        self._pool.submit(running.work)
        return running

    def compute(
        self, key: Hashable, compute: Callable[[], R], size: Callable[[R], int]
    ) -> "RunningThread[R]":
        """The job whose only record is the value of ``compute``; ``size`` gives its bytes."""
        return self.start(value_job(key, compute, size))

    def find(self, key: Hashable) -> "RunningThread[Any] | None":
        """The job of a key that is on its way or kept; nothing is begun."""
        with self._lock:
            running = self._jobs.get(key)
            if running is None or not running.worth_keeping:
                return None
            self._jobs.move_to_end(key)
            return running

    def result(self, key: Hashable) -> object | None:
        """The last record of a job that is done, or None."""
        running = self.find(key)
        if running is None:
            return None
        status = running.poll()
        return status.result if status.state is JobState.DONE else None

    def put(self, key: Hashable, value: R, size: int) -> None:
        """Keep a value of ``size`` bytes that is there already."""
        running = RunningThread(value_job(key, lambda: value, lambda _: size), self._settle)
        with self._lock:
            self._jobs[key] = running
            self._jobs.move_to_end(key)
        running.work()

    def cached(self, key: Hashable, compute: Callable[[], R], size: int) -> R:
        """A cheap value of ``size`` bytes, computed at once in the caller's thread and kept."""
        value = self.result(key)
        if value is None:
            value = compute()
            self.put(key, value, size)
        return cast(R, value)

    def forget(self, key: Hashable) -> None:
        """Stop a job and forget it, so that asking again begins anew."""
        with self._lock:
            running = self._jobs.pop(key, None)
        if running is not None:
            running.stop()

    def forget_unfinished(self, key: Hashable) -> None:
        """Forget a job that was stopped or failed, so that asking again begins anew."""
        with self._lock:
            running = self._jobs.get(key)
            if running is not None and running.state in (JobState.STOPPED, JobState.FAILED):
                del self._jobs[key]

    def running(self) -> "list[RunningThread[Any]]":
        """Every job that is on its way or kept."""
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
            forgotten = [*self._over_count(), *self._over_bytes(newest)]
            for running in forgotten:
                self._jobs.pop(running.key, None)
        for running in forgotten:  # outside the lock, which the end of a job takes
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
        forgotten = []
        for running in self._jobs.values():
            if total <= self._most_bytes:
                break
            if running is not newest and not running.state.active:
                total -= running.bytes
                forgotten.append(running)
        return forgotten


class RunningThread(Generic[R]):
    """A job of a ``ThreadEngine``; any thread may ask."""

    def __init__(self, job: Job[R], ended: "Callable[[RunningThread[R]], None]") -> None:
        self.key = job.key
        self._kept, self._when_ended = job.kept, ended
        self._job: Job[R] | None = job  # until the end: it holds what its functions refer to
        self.state = JobState.QUEUED
        self.bytes = 0
        self._error: ResnetVizError | None = None
        self._records: deque[R] = deque(maxlen=job.last)
        self._count = self._watchers = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def worth_keeping(self) -> bool:
        """Whether who asks again gets this one: it goes on, or ends as its job wants it kept."""
        state = JobState.STOPPED if self.state is JobState.STOPPING else self.state
        return state.active or state in self._kept

    @property
    def has_watchers(self) -> bool:
        """Whether somebody waits for the end."""
        return self._watchers > 0

    def poll(self, after: int = 0) -> JobStatus[R]:
        """The state, and of the kept records those from number ``after`` on."""
        with self._lock:
            first = self._count - len(self._records)
            records = tuple(self._records)[max(0, after - first) :]
            return JobStatus(self.state, records, self._error)

    def stop(self) -> None:
        """Stop at the next record, unless somebody watches; queued work never begins."""
        with self._lock:
            if self._watchers or not self.state.active:
                return
            begun, job = self.state is not JobState.QUEUED, self._job
            self.state = JobState.STOPPING if begun else JobState.STOPPED
        if not begun:
            self._end(JobState.STOPPED, 0)
        elif job is not None:
            job.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        return self._ended.wait(seconds)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, ``stop`` does nothing: somebody waits for the end."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1

    def work(self) -> None:
        """Do the job, in the thread that calls."""
        with self._lock:
            job = self._job
            if self.state is not JobState.QUEUED or job is None:
                return
            self.state = JobState.RUNNING
        size = 0
        try:
            state = self._run(job)
            size = sum(job.size(record) for record in self._records)
        except BaseException as error:  # whatever it is, those who wait must know of the end
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
    """The error itself, or one of ours that names it and has it as its cause."""
    if isinstance(error, ResnetVizError):
        return error
    named = FailureError("unexpected", kind=type(error).__name__)
    named.__cause__ = error
    return named
