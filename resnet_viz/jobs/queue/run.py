"""Records of a background run and its status."""

from dataclasses import dataclass
from datetime import datetime

from resnet_viz.core.errors import FailureError
from resnet_viz.jobs.codec import Event
from resnet_viz.jobs.job import JobState, JobStatus


@dataclass(frozen=True)
class Run:
    """A background run, without its events.

    Parameters
    ----------
    kind
        A key of ``KINDS``.
    config
        A record of the kind's config type, or the plain JSON value if it cannot be decoded (a run
        queued by another version of this library).
    created
        Creation time in UTC.
    position
        Place in the device's queue, from 1; None unless the run is queued.
    error
        Why the run failed or was interrupted, or None.
    owner
        The key of the visitor that it belongs to; empty on a machine of one's own.
    share
        The key of a link that lets others see it; empty if it is not shared.

    """

    id: str
    kind: str
    title: str
    config: object
    device: str
    state: JobState
    created: datetime
    position: int | None = None
    error: FailureError | None = None
    owner: str = ""
    share: str = ""


@dataclass(frozen=True, kw_only=True)
class RunStatus(JobStatus[Event]):
    """A snapshot of a run with its new events, the latest of each key.

    Pass ``sequence`` to the next poll to get only the events after these.
    """

    run: Run
    sequence: int
