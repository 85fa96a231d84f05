"""Tables of the job kinds that run in another process, with job, config and event types.

The job of a background run is ``job(config, folder)``, a generator of events. It writes its files
to ``folder`` and, called again with the same folder, resumes from them. When the run is stopped,
the generator is closed (``GeneratorExit``) at the next event. The job of a sandbox is
``job(config)``.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, get_args

from resnet_viz.core.errors import RunError


@dataclass(frozen=True)
class JobKind:
    """The job function of a kind, with its config type and event types."""

    job: Callable[..., Generator[Any, None, None]]
    config: type[Any]
    events: Mapping[str, type[Any]]  # by type name


@dataclass(frozen=True)
class Row:
    """The import names of a ``JobKind``; jobs need torch, so they are imported on first use."""

    module: str
    job: str
    config: str
    events: str  # a record type or a union of them


KINDS = {
    "train": Row("resnet_viz.training.job", "train_job", "TrainingConfig", "TrainingEvent"),
    "experiment": Row(
        "resnet_viz.experiments.job", "experiment_job", "ExperimentConfig", "ExperimentEvent"
    ),
    "explain_folder": Row("resnet_viz.explain.many.job", "explain_job", "ManyConfig", "ManyEvent"),
    "maximise": Row(
        "resnet_viz.explain.channels.job", "maximise_job", "MaximiseConfig", "MaximiseEvent"
    ),
}

#: Kinds of jobs that run in a sandbox.
SANDBOXED = {
    "diagnosis": Row(
        "resnet_viz.diagnosis.job", "diagnosis_job", "DiagnosisConfig", "DiagnosisRecord"
    ),
    "preview": Row("resnet_viz.training.preview", "preview_job", "TrainingConfig", "Preview"),
    "weights": Row("resnet_viz.checkpoints.safe_copy", "copy_job", "CopyConfig", "SafeCopy"),
    "picture": Row("resnet_viz.explain.many.one_picture", "picture_job", "PictureAt", "PngPicture"),
}


def job_kind(name: str) -> JobKind:
    """Return a kind of background run by name; raise ``RunError`` if it is unknown."""
    if name not in KINDS:
        raise RunError("run_kind", kind=name[:80], known=", ".join(KINDS))
    return _imported(KINDS[name])


def sandboxed_kind(name: str) -> JobKind:
    """Return a kind of sandboxed job by name."""
    return _imported(SANDBOXED[name])


@cache
def _imported(row: Row) -> JobKind:
    module = import_module(row.module)
    union = getattr(module, row.events)
    events = get_args(union) or (union,)
    return JobKind(
        job=getattr(module, row.job),
        config=getattr(module, row.config),
        events={event.__name__: event for event in events},
    )
