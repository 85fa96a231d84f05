"""The process that does the runs of one device, one after the other, until none waits.

    python -m resnet_viz.runs.worker DEVICE

It ends with the process that started it: their pipe closes, the run stops at its last checkpoint
and can be resumed. It runs at low priority, so that pages stay quick.
"""

import os
import signal
import sys
import threading
from contextlib import suppress

from filelock import Timeout

from resnet_viz.runs import cluster
from resnet_viz.runs.execute import execute
from resnet_viz.runs.locks import device_lock
from resnet_viz.runs.store import RunStore

_NICENESS = 10


def work(store: RunStore, device: str, leaving: threading.Event) -> None:
    """Do what waits for a device; returns when nothing does, or another worker is there."""
    while store.queue(device) and not leaving.is_set():
        try:
            with device_lock(store, device).acquire(timeout=2):
                if device == cluster.DEVICE:
                    cluster.serve_cluster(store, leaving)
                    continue
                while (waiting := store.queue(device)) and not leaving.is_set():
                    with suppress(Exception):  # it is written down, and the next run waits
                        execute(store, waiting[0], leaving=leaving.is_set)
        except Timeout:
            return


def main() -> None:
    """Work until the queue is empty, or until whoever started this is gone."""
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
