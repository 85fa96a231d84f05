"""The kinds of runs there are, and the function that does each.

A job is ``job(config, folder)``: a generator of events, JSON-able dictionaries with a ``key`` that
names them. It keeps its files in ``folder``; called again with the same folder it goes on from
what it finds there. It is closed (``GeneratorExit``) at the next event when somebody stops it.
"""

from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from resnet_viz.core.errors import RunError

Job = Callable[[Mapping[str, Any], Path], Generator[dict[str, Any], None, None]]

#: Module and function of each kind; imported where it runs, since jobs bring torch along.
KINDS = {
    "train": "resnet_viz.training.job:train_job",
    "experiment": "resnet_viz.experiments.job:experiment_job",
    "explain_folder": "resnet_viz.explain.many.job:explain_job",
    "maximise": "resnet_viz.explain.channels.job:maximise_job",
}


def job_of(kind: str) -> Job:
    """The function that does runs of a kind; ``RunError`` for a kind that there is not."""
    if kind not in KINDS:
        raise RunError("run_kind", kind=kind[:80], known=", ".join(KINDS))
    module, function = KINDS[kind].split(":")
    job: Job = getattr(import_module(module), function)
    return job
