"""File locks that mark live processes; the operating system releases them when a process dies."""

from filelock import FileLock

from resnet_viz.jobs.queue.run_store import RunStore


def run_lock(store: RunStore, run_id: str) -> FileLock:
    """Return the lock held by the process that executes a run."""
    return FileLock(store.folder(run_id) / "lock")


def device_lock(store: RunStore, device: str) -> FileLock:
    """Return the lock held by the only worker of a device."""
    return FileLock(store.root / f"worker-{device}.lock")
