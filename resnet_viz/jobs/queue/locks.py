"""Who is alive: locks that the system releases when the process that holds them dies."""

from filelock import FileLock

from resnet_viz.jobs.queue.run_store import RunStore


def run_lock(store: RunStore, run_id: str) -> FileLock:
    """Held by the process that does a run."""
    return FileLock(store.folder(run_id) / "lock")


def device_lock(store: RunStore, device: str) -> FileLock:
    """Held by the one worker of a device."""
    return FileLock(store.root / f"worker-{device}.lock")
