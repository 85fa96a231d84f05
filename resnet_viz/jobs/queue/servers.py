"""Several servers of one home: each holds a lock, so the others know that it is there.

When a server ends, the runs of its workers go back to the queue if another server lives, which
then continues them from their last checkpoint. The system releases the lock of a killed server.
"""

import os
import secrets
import threading
from contextlib import suppress

from filelock import FileLock, Timeout

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run_store import RunStore

_EVERY = 5.0  # seconds between two looks at the queue
_NAME = "server-"


def present(store: RunStore) -> FileLock:
    """Return the lock that says that this process serves this home; held until it is released."""
    lock = FileLock(store.root / f"{_NAME}{os.getpid()}-{secrets.token_hex(4)}.lock")
    lock.acquire(timeout=1)
    return lock


def another_lives(store: RunStore) -> bool:
    """Whether a server of this home holds its lock; files of those that ended are deleted."""
    for path in sorted(store.root.glob(f"{_NAME}*.lock")):
        try:
            with FileLock(path).acquire(timeout=0):
                pass
        except (Timeout, OSError):
            return True
        path.unlink(missing_ok=True)
    return False


def serve_home() -> None:
    """Say that this server is there, and start workers for queued runs, also unwatched ones."""
    threading.Thread(target=_tend, name="tend", daemon=True).start()


def _tend() -> None:
    with suppress(ResnetVizError, Timeout, OSError):
        lock, resting = present(RunStore()), threading.Event()
        try:
            while not resting.wait(_EVERY):
                with suppress(ResnetVizError):  # the disk may be full for a while
                    runs.see_to_queues()
        finally:
            lock.release()
