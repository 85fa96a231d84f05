"""The process that does the runs of one device, one after the other.

    python -m resnet_viz.jobs.queue.worker DEVICE

It ends with the process that started it: their pipe closes, the run stops at its last checkpoint
and can be resumed. It runs at low priority, so that pages stay quick.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from filelock import Timeout

from resnet_viz.jobs.queue import ray_cluster as cluster
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.locks import device_lock
from resnet_viz.jobs.queue.run_store import RunStore

_NICENESS = 10
_LINGER = 60.0  # seconds; a worker that is there starts a run at once, a new one imports torch


def work(store: RunStore, device: str, leaving: threading.Event) -> None:
    """Do what waits for a device; returns when nothing has come for a while.

    Returns at once where another worker is there.
    """
    try:
        with device_lock(store, device).acquire(timeout=2):
            quiet_since = time.monotonic()
            while not leaving.is_set() and time.monotonic() - quiet_since < _LINGER:
                waiting = store.queue(device)
                if not waiting:
                    leaving.wait(0.2)
                    continue
                if device == cluster.DEVICE:
                    cluster.serve_cluster(store, leaving)
                else:
                    with suppress(Exception):  # it is written down, and the next run waits
                        execute(store, waiting[0], leaving=leaving.is_set)
                quiet_since = time.monotonic()
    except Timeout:
        return


def main() -> None:
    """Work until nothing comes any more, or until whoever started this is gone."""
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose end is seen
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
