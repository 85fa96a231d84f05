"""Execution of one queued run in this process, up to its final state."""

import errno
import time
import traceback
from collections.abc import Callable
from contextlib import closing

from filelock import Timeout

from resnet_viz.core.errors import FailureError, ResnetVizError, RunError, is_out_of_memory
from resnet_viz.core.saving import clear_partial_files
from resnet_viz.jobs.codec import PROGRESS, Event
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import job_kind
from resnet_viz.jobs.queue.locks import run_lock
from resnet_viz.jobs.queue.run_store import RunStore

_PROGRESS_EVERY = 0.5  # seconds between two stored progress events
_CHECK_STOP_EVERY = 0.3  # seconds between two checks for a stop request


def execute(
    store: RunStore,
    run_id: str,
    *,
    leaving: Callable[[], bool] = bool,
    watch: Callable[[Event], object] = bool,
) -> JobState | None:
    """Execute a queued run in this process.

    An error of the job passes through after the run is marked as failed.

    Parameters
    ----------
    store
        The store that holds the run.
    run_id
        The run to execute.
    leaving
        Checked after every event; if it returns True the run is stopped and can be resumed.
    watch
        Called with every event.

    Returns
    -------
    JobState or None
        The final state, or None if the run is not queued or another process holds its lock.

    """
    try:
        lock = run_lock(store, run_id).acquire(timeout=5)
    except (Timeout, OSError):
        return None
    with lock:
        if not store.move(run_id, JobState.RUNNING, when=(JobState.QUEUED,)):
            return None
        clear_partial_files(store.folder(run_id))
        active = (JobState.RUNNING, JobState.STOPPING)
        try:
            state = _report(store, run_id, leaving, watch)
        except KeyboardInterrupt:
            store.move(run_id, JobState.STOPPED, when=active)
            raise
        except Exception as error:
            _keep_traceback(store, run_id)
            store.move(run_id, JobState.FAILED, when=active, error=explain(error))
            raise
        store.move(run_id, state, when=active)
        return state


def explain(error: BaseException) -> FailureError:
    """Convert any exception to a ``FailureError`` that can be stored and shown."""
    match error:
        case ResnetVizError():
            return FailureError(error.code, **{n: str(v) for n, v in error.values.items()})
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return FailureError("run_disk_full")
    if is_out_of_memory(error):
        return FailureError("run_memory")
    return FailureError("run_broke", kind=type(error).__name__)


def _report(
    store: RunStore,
    run_id: str,
    leaving: Callable[[], bool],
    watch: Callable[[Event], object],
) -> JobState:
    run = store.run(run_id)
    kind = job_kind(run.kind)
    if not isinstance(run.config, kind.config):
        raise RunError("run_other_version", run=run.title)
    last_check = last_progress = time.monotonic()
    with closing(kind.job(run.config, store.folder(run_id))) as events:
        for event in events:
            now = time.monotonic()
            watch(event)
            if event.key != PROGRESS:
                store.record(run_id, event)
            elif now - last_progress > _PROGRESS_EVERY:
                store.record(run_id, event)
                last_progress = now
            if leaving():
                return JobState.STOPPED
            if now - last_check > _CHECK_STOP_EVERY:
                last_check = now
                if store.run(run_id).state is JobState.STOPPING:
                    return JobState.STOPPED
    return JobState.DONE


def _keep_traceback(store: RunStore, run_id: str) -> None:
    try:
        (store.folder(run_id) / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return  # a full disk must not hide the error itself
