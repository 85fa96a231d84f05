"""The worker process that executes the queued runs of one device, one at a time.

    python -m resnet_viz.jobs.queue.worker DEVICE

It exits when the pipe to the process that started it closes; the current run is stopped and can be
resumed, or goes back to the queue if another server of this home lives. It runs at low priority to
keep the pages responsive.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from filelock import Timeout

from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import job_kind
from resnet_viz.jobs.queue import ray_cluster as cluster
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.locks import device_lock
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.servers import another_lives

_NICENESS = 10
_LINGER = 180.0  # seconds without runs before exit; a new worker would import torch again


def work(store: RunStore, device: str, leaving: threading.Event) -> None:
    """Execute the queued runs of a device until none has been queued for ``_LINGER`` seconds.

    Returns at once if the device already has a worker.

    Parameters
    ----------
    store
        The store that holds the runs.
    device
        The queue to serve.
    leaving
        Set when the process must exit; the current run is then stopped.

    """
    try:
        with device_lock(store, device).acquire(timeout=2):
            if not store.queue(device) and device != cluster.DEVICE:
                _warm_up()
            idle_since = time.monotonic()
            while not leaving.is_set() and time.monotonic() - idle_since < _LINGER:
                queued = store.queue(device)
                if not queued:
                    leaving.wait(0.2)
                    continue
                if device == cluster.DEVICE:
                    cluster.serve_cluster(store, leaving)
                else:
                    with suppress(Exception):  # stored with the run; go on with the next
                        state = execute(store, queued[0], leaving=leaving.is_set)
                        if state is JobState.STOPPED and leaving.is_set():
                            _hand_over(store, queued[0])
                idle_since = time.monotonic()
    except Timeout:
        return


def _hand_over(store: RunStore, run_id: str) -> None:
    """Queue a run again whose server has ended, if another server can go on with it."""
    if another_lives(store):
        store.move(run_id, JobState.QUEUED, when=(JobState.STOPPED,))


def _warm_up() -> None:
    """Import what a training needs, while whoever will start it still chooses its settings."""
    from torch import optim, zeros  # here, so that the worker has its lock within a second

    from resnet_viz.datasets.named import digits

    job_kind("train")
    digits()  # imports scikit-learn
    optim.SGD([zeros(1)])  # the first optimiser imports torch._dynamo: 2.4 s of one core


def main() -> None:
    """Serve one device until it is idle or the parent process exits."""
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which closes the pipe
    threading.Thread(target=_watch_parent, args=(leaving,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    work(RunStore(), sys.argv[1], leaving)


def _watch_parent(leaving: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        continue
    leaving.set()


if __name__ == "__main__":
    main()
