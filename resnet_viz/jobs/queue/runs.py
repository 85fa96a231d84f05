"""Submit, poll, stop, resume and delete runs on this machine."""

import atexit
import os
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from filelock import Timeout

from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.jobs.codec import Event
from resnet_viz.jobs.job import JobState, JobStatus
from resnet_viz.jobs.kinds import job_kind
from resnet_viz.jobs.queue import ray_cluster as cluster
from resnet_viz.jobs.queue.locks import device_lock, run_lock
from resnet_viz.jobs.queue.run import Run, RunStatus
from resnet_viz.jobs.queue.run_store import RunStore

_WORKERS: list[subprocess.Popen[bytes]] = []  # their pipes tell them that this process lives
_STARTING = threading.Lock()
_LOOK_EVERY = 0.1  # seconds
_LONGEST_TITLE = 120  # characters

E = TypeVar("E")


def submit(kind: str, config: object, *, title: str, device: str = "cpu") -> str:
    """Queue a run and see to it that a worker does it; returns the run's id.

    The device "ray" is the cluster whose address is in ``RESNET_VIZ_RAY_ADDRESS``. Raises
    ``RunError`` for a kind that there is not, or a cluster that cannot be used.
    """
    job_kind(kind)
    if device == cluster.DEVICE:
        cluster.check_available()
    store = RunStore()
    run_id = store.create(kind, config, title[:_LONGEST_TITLE], device)
    _see_to(store, device)
    return run_id


@dataclass(frozen=True)
class QueuedRun:
    """A run of the queue as any other job: see ``Running``."""

    id: str

    def poll(self, after: int = 0) -> JobStatus[Event]:
        """The state, and of the latest events those from number ``after`` on."""
        status = poll(self.id)
        return replace(status, records=status.records[after:])

    def stop(self) -> None:
        """Stop at the next event; a run that waits never begins. Both can be resumed."""
        stop(self.id)

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        deadline = time.monotonic() + seconds
        while poll(self.id).state.active:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_EVERY)
        return True

    def watched(self) -> AbstractContextManager[None]:
        """Nothing: a run belongs to nobody, and whoever stops it means it."""
        return nullcontext()


def poll(run_id: str, after: int = 0) -> RunStatus:
    """A run and its events after a sequence (0: all); notices workers that died."""
    store = RunStore()
    _bury(store, store.run(run_id))
    status = store.status(run_id, after)
    if status.state is JobState.QUEUED:
        _see_to(store, status.run.device)
    return status


def events(run_id: str, of: type[E]) -> tuple[E, ...]:
    """What a run reported of one type of events, in order."""
    return RunStore().events(run_id, of)


def run(run_id: str) -> Run:
    """One run; ``RunError`` where there is none of this id."""
    return RunStore().run(run_id)


def folder(run_id: str) -> Path:
    """Where a run keeps its files."""
    store = RunStore()
    return store.folder(store.run(run_id).id)


def listed() -> list[Run]:
    """Every run of this machine, the newest first."""
    store = RunStore()
    for run in store.listed():
        _bury(store, run)
    runs = store.listed()
    for device in {run.device for run in runs if run.state is JobState.QUEUED}:
        _see_to(store, device)
    return runs


def stop(run_id: str) -> None:
    """Stop a run, at its next step if it is going on; it can be resumed."""
    store = RunStore()
    store.run(run_id)
    if not store.move(run_id, JobState.STOPPED, when=(JobState.QUEUED,)):
        store.move(run_id, JobState.STOPPING, when=(JobState.RUNNING,))


def resume(run_id: str, *, serve: bool = True) -> None:
    """Queue a stopped or failed run again; it goes on from its last checkpoint.

    ``serve`` sees to it that a worker does it.
    """
    store = RunStore()
    run = store.run(run_id)
    _bury(store, run)
    if not store.move(run_id, JobState.QUEUED, when=(JobState.STOPPED, JobState.FAILED)):
        raise RunError("run_not_resumable", run=run.title)
    if serve:
        _see_to(store, run.device)


def rename(run_id: str, title: str) -> None:
    """Give a run another title."""
    store = RunStore()
    store.run(run_id)
    store.rename(run_id, title.strip()[:_LONGEST_TITLE] or run_id)


def delete(run_id: str) -> None:
    """Forget a run that is not going on, with its files."""
    store = RunStore()
    run = store.run(run_id)
    _bury(store, run)
    if store.run(run_id).state in (JobState.RUNNING, JobState.STOPPING):
        raise RunError("run_active", run=run.title)
    store.remove(run_id)


def _bury(store: RunStore, run: Run) -> None:
    """Mark a run as stopped if it claims to go on and no process holds its lock."""
    going = (JobState.RUNNING, JobState.STOPPING)
    if run.state not in going:
        return
    try:
        with run_lock(store, run.id).acquire(timeout=0):
            died = FailureError("run_interrupted") if run.state is JobState.RUNNING else None
            store.move(run.id, JobState.STOPPED, when=going, error=died)
    except (Timeout, OSError):
        return


def _see_to(store: RunStore, device: str) -> None:
    """Start a worker for a device unless one is there."""
    with _STARTING:
        for worker in [worker for worker in _WORKERS if worker.poll() is not None]:
            _WORKERS.remove(worker)
            _let_go(worker)
        try:
            with device_lock(store, device).acquire(timeout=0):
                pass
        except Timeout:
            return
        if any(worker.args[-1] == device for worker in _WORKERS):  # type: ignore[index]
            return  # it is still starting
        _WORKERS.append(_start_worker(store, device))


def _start_worker(store: RunStore, device: str) -> subprocess.Popen[bytes]:
    package = Path(__file__).resolve().parents[3]
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    with (store.root / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "resnet_viz.jobs.queue.worker", device],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )


@atexit.register
def _say_goodbye() -> None:
    for worker in _WORKERS:
        _let_go(worker)


def _let_go(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin is not None:
        worker.stdin.close()
