"""Submit, poll, stop, resume and delete runs on this machine."""

import atexit
import os
import signal
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

_WORKERS: list[subprocess.Popen[bytes]] = []  # a worker exits when its pipe to this process closes
_STARTING = threading.Lock()
TERMINAL = "terminal"  # the device of runs that a command executes itself; no worker serves it
_POLL_EVERY = 0.1  # seconds
_LONGEST_TITLE = 120  # characters

E = TypeVar("E")


def submit(kind: str, config: object, *, title: str, device: str = "cpu", owner: str = "") -> str:
    """Queue a run and start a worker for its device if none is running.

    Parameters
    ----------
    kind
        A key of ``KINDS``.
    config
        A record of the kind's config type.
    title
        Shown in the list of runs.
    device
        The queue to use. "ray" is the cluster whose address is in ``RESNET_VIZ_RAY_ADDRESS``.
    owner
        The key of the visitor that it belongs to. Owners take turns.

    Returns
    -------
    str
        The id of the run.

    Raises
    ------
    RunError
        If the kind is unknown or the cluster cannot be used.

    """
    job_kind(kind)
    if device == cluster.DEVICE:
        cluster.check_available()
    store = RunStore()
    run_id = store.create(kind, config, title[:_LONGEST_TITLE], device, owner)
    _see_to(store, device)
    return run_id


def prepare(device: str) -> None:
    """Start the worker of a device before there is a run, so that the first one begins at once."""
    if device != cluster.DEVICE:
        _see_to(RunStore(), device)


@dataclass(frozen=True)
class QueuedRun:
    """Handle of a background run; implements ``Running``."""

    id: str

    def poll(self, after: int = 0) -> JobStatus[Event]:
        """Return the state and the stored events from number ``after`` on."""
        status = poll(self.id)
        return replace(status, records=status.records[after:])

    def stop(self) -> None:
        """Stop at the next event, or at once if queued; the run can be resumed."""
        stop(self.id)

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the run to end; return whether it has ended."""
        deadline = time.monotonic() + seconds
        while poll(self.id).state.active:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_EVERY)
        return True

    def watched(self) -> AbstractContextManager[None]:
        """Return a context without effect: background runs can always be stopped."""
        return nullcontext()


def poll(run_id: str, after: int = 0) -> RunStatus:
    """Return a run and its events after sequence number ``after`` (0: all of them).

    Marks the run as stopped if its worker has died.
    """
    store = RunStore()
    _bury(store, store.run(run_id))
    status = store.status(run_id, after)
    if status.state is JobState.QUEUED:
        _see_to(store, status.run.device)
    return status


def events(run_id: str, of: type[E]) -> tuple[E, ...]:
    """Return the events of one type of a run, in order."""
    return RunStore().events(run_id, of)


def run(run_id: str) -> Run:
    """Return a run by id; raise ``RunError`` if it does not exist."""
    return RunStore().run(run_id)


def folder(run_id: str) -> Path:
    """Return the folder with the files of a run."""
    store = RunStore()
    return store.folder(store.run(run_id).id)


def listed() -> list[Run]:
    """Return all runs of this machine, newest first."""
    store = RunStore()
    for run in store.listed():
        _bury(store, run)
    runs = store.listed()
    for device in {run.device for run in runs if run.state is JobState.QUEUED}:
        _see_to(store, device)
    return runs


def see_to_queues() -> None:
    """Start a worker for every device that has queued runs and no worker."""
    store = RunStore()
    for device in store.waiting_devices():
        _see_to(store, device)


def stop(run_id: str) -> None:
    """Stop a run: at once if queued, at its next event if running. It can be resumed."""
    store = RunStore()
    store.run(run_id)
    if not store.move(run_id, JobState.STOPPED, when=(JobState.QUEUED,)):
        store.move(run_id, JobState.STOPPING, when=(JobState.RUNNING,))


def resume(run_id: str, *, serve: bool = True) -> None:
    """Queue a stopped or failed run again; it continues from its last checkpoint.

    Parameters
    ----------
    run_id
        The run to resume.
    serve
        Start a worker for the run's device if none is running.

    Raises
    ------
    RunError
        If the run does not exist, or is neither stopped nor failed.

    """
    store = RunStore()
    run = store.run(run_id)
    _bury(store, run)
    if not store.move(run_id, JobState.QUEUED, when=(JobState.STOPPED, JobState.FAILED)):
        raise RunError("run_not_resumable", run=run.title)
    if serve:
        _see_to(store, run.device)


def rename(run_id: str, title: str) -> None:
    """Change the title of a run; an empty title becomes the id."""
    store = RunStore()
    store.run(run_id)
    store.rename(run_id, title.strip()[:_LONGEST_TITLE] or run_id)


def share(run_id: str, key: str) -> None:
    """Set the key that lets others see a run; empty to let nobody."""
    store = RunStore()
    store.run(run_id)
    store.share(run_id, key)


def delete(run_id: str) -> None:
    """Delete a run with its files; raise ``RunError`` if it is running."""
    store = RunStore()
    run = store.run(run_id)
    _bury(store, run)
    if store.run(run_id).state in (JobState.RUNNING, JobState.STOPPING):
        raise RunError("run_active", run=run.title)
    store.remove(run_id)


def _bury(store: RunStore, run: Run) -> None:
    """Mark a running run as stopped if no process holds its lock."""
    active = (JobState.RUNNING, JobState.STOPPING)
    if run.state not in active:
        return
    try:
        with run_lock(store, run.id).acquire(timeout=0):
            error = _how_ended(run.device) if run.state is JobState.RUNNING else None
            store.move(run.id, JobState.STOPPED, when=active, error=error)
    except (Timeout, OSError):
        return


def _how_ended(device: str) -> FailureError:
    """Say what ended the worker of a device; only the process that started it knows."""
    for worker in _WORKERS:
        code = worker.poll()
        if worker.args[-1] == device and code is not None and code < 0:  # type: ignore[index]
            return FailureError("run_killed", signal=signal.Signals(-code).name)
    return FailureError("run_interrupted")


def _see_to(store: RunStore, device: str) -> None:
    """Start a worker for a device unless one is running."""
    if device == TERMINAL:
        return
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
            return  # the worker is still starting
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
