"""The kinds of jobs that cross to another process: a row each, with job, config and events.

A background run's job is ``job(config, folder)``: a generator of events. It keeps its files in
``folder``; called again with the same folder it goes on from what it finds there. It is closed
(``GeneratorExit``) at the next event when somebody stops it. A sandbox's job is ``job(config)``.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, get_args

from resnet_viz.core.errors import RunError


@dataclass(frozen=True)
class JobKind:
    """What a kind of jobs is made of."""

    job: Callable[..., Generator[Any, None, None]]
    config: type[Any]
    events: Mapping[str, type[Any]]  # by the names of the types


@dataclass(frozen=True)
class Row:
    """Names of a module and of what it holds: jobs bring torch along, so they are imported late."""

    module: str
    job: str
    config: str
    events: str  # a union of records, or a single one


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

#: What runs in a sandbox.
SANDBOXED = {
    "diagnosis": Row(
        "resnet_viz.diagnosis.job", "diagnosis_job", "DiagnosisConfig", "DiagnosisRecord"
    ),
}


def job_kind(name: str) -> JobKind:
    """The kind of runs of a name; ``RunError`` for one that there is not."""
    if name not in KINDS:
        raise RunError("run_kind", kind=name[:80], known=", ".join(KINDS))
    return _imported(KINDS[name])


def sandboxed_kind(name: str) -> JobKind:
    """The kind of sandboxed jobs of a name."""
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
