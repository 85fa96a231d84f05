"""Execution of runs on a Ray cluster, used by the worker of the device "ray".

The worker submits the runs and stores their events. A node computes in a temporary folder; it
streams its events, then its files. If a node dies, Ray starts the run again on another node; its
events replace the earlier ones because their keys are equal.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.jobs.codec import PROGRESS, Event
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import job_kind
from resnet_viz.jobs.queue.execute import explain
from resnet_viz.jobs.queue.locks import run_lock
from resnet_viz.jobs.queue.run_store import RunStore

DEVICE = "ray"
ADDRESS = "RESNET_VIZ_RAY_ADDRESS"  # variable with the cluster address, as for ray.init
_MAX_SUBMITTED = 1000  # runs that Ray holds at once
_PROGRESS_EVERY = 1.0  # seconds


@dataclass
class _Flight:
    """A run that was submitted to Ray."""

    run_id: str
    events: Any  # an ObjectRefGenerator
    lock: ExitStack


@dataclass(frozen=True)
class _File:
    """A file that a job wrote to its folder."""

    name: str
    content: bytes


def check_available() -> None:
    """Raise ``RunError`` unless Ray is installed and the address of a cluster is set."""
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise RunError("ray_missing") from error
    if not os.environ.get(ADDRESS):
        raise RunError("ray_address", variable=ADDRESS)


def serve_cluster(store: RunStore, leaving: threading.Event) -> None:
    """Execute the queued runs on the cluster until none is queued or running.

    Parameters
    ----------
    store
        The store that holds the runs.
    leaving
        Set when the process must exit; submitted runs are then cancelled and can be resumed.

    Raises
    ------
    FailureError
        If the cluster cannot be reached; all queued runs are marked as failed.

    """
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address=os.environ[ADDRESS], log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        for run_id in store.queue(DEVICE):
            failure = FailureError("ray_unreachable", address=os.environ[ADDRESS])
            store.move(run_id, JobState.FAILED, when=(JobState.QUEUED,), error=failure)
        raise FailureError("ray_unreachable", address=os.environ[ADDRESS]) from error
    task = ray.remote(_compute).options(num_cpus=1, max_retries=-1, num_returns="streaming")
    flights: dict[Any, _Flight] = {}
    try:
        while (store.queue(DEVICE) or flights) and not leaving.is_set():
            _launch(store, task, flights)
            _land(store, flights)
    finally:
        for flight in flights.values():
            ray.cancel(flight.events, force=True)
            store.move(flight.run_id, JobState.STOPPED,
                       when=(JobState.RUNNING, JobState.STOPPING))  # fmt: skip
            flight.lock.close()
        ray.shutdown()


def _launch(store: RunStore, task: Any, flights: dict[Any, _Flight]) -> None:  # noqa: ANN401
    for run_id in store.queue(DEVICE)[: _MAX_SUBMITTED - len(flights)]:
        lock = ExitStack()
        lock.enter_context(run_lock(store, run_id).acquire(timeout=5))
        if not store.move(run_id, JobState.RUNNING, when=(JobState.QUEUED,)):
            lock.close()
            continue
        run = store.run(run_id)
        events = task.remote(run.kind, _on_cpu(run.config))
        flights[events] = _Flight(run_id, events, lock)


def _land(store: RunStore, flights: dict[Any, _Flight]) -> None:
    """Store the events that have arrived, and cancel the runs that were stopped."""
    import ray

    if not flights:
        return
    pending: list[Any] = list(flights)
    ready: list[Any] = ray.wait(pending, num_returns=1, timeout=0.3)[0]
    for events in ready:
        flight = flights[events]
        try:
            _write(store, flight.run_id, ray.get(next(events)))
        except StopIteration:
            _end(store, flights, events, JobState.DONE, None)
        except ray.exceptions.RayTaskError as error:
            failure = explain(error.cause if error.cause is not None else error)
            _end(store, flights, events, JobState.FAILED, failure)
        except ray.exceptions.RayError as error:
            _end(store, flights, events, JobState.FAILED, explain(error))
    stopping = {run.id for run in store.listed() if run.state is JobState.STOPPING}
    for events, flight in list(flights.items()):
        if flight.run_id in stopping:
            ray.cancel(events, force=True)
            _end(store, flights, events, JobState.STOPPED, None)


def _end(
    store: RunStore,
    flights: dict[Any, _Flight],
    events: Any,  # noqa: ANN401
    state: JobState,
    error: FailureError | None,
) -> None:
    flight = flights.pop(events)
    active = (JobState.RUNNING, JobState.STOPPING)
    store.move(flight.run_id, state, when=active, error=error)
    flight.lock.close()


def _on_cpu(config: Any) -> Any:  # noqa: ANN401  # a config of any kind
    return replace(config, device="cpu") if hasattr(config, "device") else config


def _write(store: RunStore, run_id: str, event: Event | _File) -> None:
    if isinstance(event, _File):
        (store.folder(run_id) / Path(event.name).name).write_bytes(event.content)
    else:
        store.record(run_id, event)


def _compute(kind: str, config: object) -> Iterator[Event | _File]:
    """Run a job on a node: yield its events, then its files."""
    import torch

    torch.set_num_threads(1)  # one core per task
    last_sent = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for event in job_kind(kind).job(config, folder):
            if event.key == PROGRESS and time.monotonic() - last_sent < _PROGRESS_EVERY:
                continue
            last_sent = time.monotonic()
            yield event
        for path in sorted(folder.iterdir()):
            yield _File(path.name, path.read_bytes())
