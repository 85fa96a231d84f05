"""Doing one run in this process, from the queue to its end state."""

import errno
import time
import traceback
from collections.abc import Callable
from contextlib import closing

from filelock import Timeout

from resnet_viz.core.errors import FailureError, ResnetVizError
from resnet_viz.jobs.codec import PROGRESS, Event
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.kinds import job_kind
from resnet_viz.jobs.queue.locks import run_lock
from resnet_viz.jobs.queue.run_store import RunStore

_PROGRESS_EVERY = 0.5  # seconds between two that are written
_ASK_EVERY = 0.3  # seconds between looks whether somebody wants the run to stop


def execute(
    store: RunStore,
    run_id: str,
    *,
    leaving: Callable[[], bool] = bool,
    watch: Callable[[Event], object] = bool,
) -> JobState | None:
    """Do a queued run here; returns the state it ended in, None if somebody else has it.

    ``leaving`` is asked between events whether this process must go; the run is then stopped and
    can be resumed. ``watch`` sees every event. Raises what the job raised, after the run was
    marked as failed.
    """
    try:
        lock = run_lock(store, run_id).acquire(timeout=5)
    except (Timeout, OSError):
        return None
    with lock:
        if not store.move(run_id, JobState.RUNNING, when=(JobState.QUEUED,)):
            return None
        going = (JobState.RUNNING, JobState.STOPPING)
        try:
            state = _report(store, run_id, leaving, watch)
        except KeyboardInterrupt:
            store.move(run_id, JobState.STOPPED, when=going)
            raise
        except Exception as error:
            _keep_traceback(store, run_id)
            store.move(run_id, JobState.FAILED, when=going, error=explain(error))
            raise
        store.move(run_id, state, when=going)
        return state


def explain(error: BaseException) -> FailureError:
    """What went wrong as a sentence with advice."""
    match error:
        case ResnetVizError():
            return FailureError(error.code, **{n: str(v) for n, v in error.values.items()})
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return FailureError("run_disk_full")
        case MemoryError():
            return FailureError("run_memory")
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not imported here
        return FailureError("run_memory")
    return FailureError("run_broke", kind=type(error).__name__)


def _report(
    store: RunStore,
    run_id: str,
    leaving: Callable[[], bool],
    watch: Callable[[Event], object],
) -> JobState:
    run = store.run(run_id)
    asked = shown = time.monotonic()
    with closing(job_kind(run.kind).job(run.config, store.folder(run_id))) as events:
        for event in events:
            now = time.monotonic()
            watch(event)
            if event.key != PROGRESS or now - shown > _PROGRESS_EVERY:
                store.record(run_id, event)
                shown = now
            if leaving():
                return JobState.STOPPED
            if now - asked > _ASK_EVERY:
                asked = now
                if store.run(run_id).state is JobState.STOPPING:
                    return JobState.STOPPED
    return JobState.DONE


def _keep_traceback(store: RunStore, run_id: str) -> None:
    try:
        (store.folder(run_id) / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return  # a full disk must not hide the error itself
