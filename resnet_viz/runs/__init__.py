"""Background runs: submitted, queued, done in a process of their own, watched from anywhere.

>>> from resnet_viz import runs
>>> [run.title for run in runs.listed()]  # doctest: +SKIP
['resnet20 and plain20 on cifar10']
"""

from resnet_viz.jobs.kinds import KINDS
from resnet_viz.jobs.queue.runs import (
    delete,
    events,
    folder,
    listed,
    poll,
    rename,
    resume,
    run,
    stop,
    submit,
)

__all__ = [
    "KINDS",
    "delete",
    "events",
    "folder",
    "listed",
    "poll",
    "rename",
    "resume",
    "run",
    "stop",
    "submit",
]
