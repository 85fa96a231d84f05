"""An engine that runs jobs on threads: equal keys share one computation, and results are cached.

Callers hold keys, not results, so a closed tab frees nothing until the engine needs room.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

from resnet_viz.core.errors import RunError
from resnet_viz.core.number_format import readable
from resnet_viz.jobs.fair_pool import FairPool
from resnet_viz.jobs.job import Job, JobState, value_job
from resnet_viz.jobs.running_thread import RunningThread

R = TypeVar("R")

#: The engines of this process by name, for its status.
ENGINES: "WeakValueDictionary[str, ThreadEngine]" = WeakValueDictionary()


def _nobody() -> str:
    return ""


def _without_limit() -> float:
    return float("inf")


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
    whose
        Returns for whom the caller starts a job; owners take turns.
    most_seconds
        Returns the seconds of work that this owner may use in ten minutes.

    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        most_bytes: int | None = None,
        most_jobs: int | None = None,
        initializer: Callable[[], object] | None = None,
        whose: Callable[[], str] = _nobody,
        most_seconds: Callable[[], float] = _without_limit,
    ) -> None:
        self._most_bytes, self._most_jobs = most_bytes, most_jobs
        self._lock = threading.Lock()
        self._jobs: OrderedDict[Hashable, RunningThread[Any]] = OrderedDict()
        self._pool = FairPool(name, threads=threads, initializer=initializer)
        self._whose, self._most_seconds = whose, most_seconds
        self.started = 0  # jobs; equal ones count once
        ENGINES[name] = self

    def start(self, job: Job[R]) -> RunningThread[R]:
        """Return the running or cached job of this key; start ``job`` if there is none.

        If the caller has used up the seconds allowed, the job fails with a ``RunError``.
        """
        owner = self._whose()
        refusal = self._refusal(owner)
        with self._lock:
            existing = self._jobs.get(job.key)
            if existing is not None and existing.worth_keeping:
                self._jobs.move_to_end(job.key)
                return cast("RunningThread[R]", existing)
            if refusal is not None:
                return RunningThread(job, self._settle, refused=refusal)
            running = self._jobs[job.key] = RunningThread(job, self._settle)
            self._jobs.move_to_end(job.key)
            self.started += 1
        self._evict(running)
        self._pool.submit(running.work, owner=owner, heavy=job.heavy)
        return running

    def _refusal(self, owner: str) -> RunError | None:
        if not owner or self._pool.spent(owner) < (most := self._most_seconds()):
            return None
        wait = f"{self._pool.free_in(owner):.0f}"
        return RunError("quota_seconds", most=readable(most), wait=wait)

    def compute(
        self,
        key: Hashable,
        compute: Callable[[], R],
        size: Callable[[R], int],
        *,
        heavy: bool = False,
        needs: int = 0,
    ) -> RunningThread[R]:
        """Start a job whose only record is the value of ``compute``; ``size`` returns its bytes."""
        return self.start(value_job(key, compute, size, heavy=heavy, needs=needs))

    def find(self, key: Hashable) -> RunningThread[Any] | None:
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

    @property
    def waiting(self) -> int:
        """Number of queued jobs."""
        return sum(running.state is JobState.QUEUED for running in self.running())

    @property
    def at_work(self) -> int:
        """Number of jobs that run now."""
        working = (JobState.RUNNING, JobState.STOPPING)
        return sum(running.state in working for running in self.running())

    @property
    def bytes(self) -> int:
        """Bytes of the kept records, and of what runs now."""
        return sum(running.bytes for running in self.running())

    def running(self) -> list[RunningThread[Any]]:
        """Return all running and cached jobs."""
        with self._lock:
            return list(self._jobs.values())

    def _settle(self, ended: RunningThread[Any]) -> None:
        if not ended.worth_keeping:
            with self._lock:
                if self._jobs.get(ended.key) is ended:
                    del self._jobs[ended.key]
        self._evict(ended)

    def _evict(self, newest: RunningThread[Any]) -> None:
        with self._lock:
            evicted = [*self._over_count(), *self._over_bytes(newest)]
            for running in evicted:
                self._jobs.pop(running.key, None)
        for running in evicted:  # not under the lock: a job that ends acquires it
            running.stop()

    def _over_count(self) -> list[RunningThread[Any]]:
        if self._most_jobs is None:
            return []
        unwatched = [running for running in self._jobs.values() if not running.has_watchers]
        return unwatched[: max(0, len(self._jobs) - self._most_jobs)]

    def _over_bytes(self, newest: RunningThread[Any]) -> list[RunningThread[Any]]:
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
