"""A background run, as everybody sees it."""

from dataclasses import dataclass
from datetime import datetime

from resnet_viz.core.errors import FailureError
from resnet_viz.jobs.codec import Event
from resnet_viz.jobs.job import JobState, JobStatus


@dataclass(frozen=True)
class Run:
    """A run without its events.

    Parameters
    ----------
    kind
        A key of ``KINDS``.
    config
        A record of the kind's config type; the JSON value where it is none any more, as in a run
        that another version of this library queued.
    created
        In UTC.
    position
        Place in the device's queue, from 1; None outside it.
    error
        Why it failed, or that its worker died.

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


@dataclass(frozen=True, kw_only=True)
class RunStatus(JobStatus[Event]):
    """A run, and the records that it reported after a sequence: the latest of each key.

    ``sequence`` is what to ask for next.
    """

    run: Run
    sequence: int
