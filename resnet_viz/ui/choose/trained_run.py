"""A training of this machine as a source of weights for the other pages."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.identifying.metadata import file_spec
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.jobs.queue import runs
from resnet_viz.records import Run
from resnet_viz.spec import NetworkSpec

ADDRESS_KEY = "run"


@dataclass(frozen=True)
class TrainedRun:
    """A run with weights: its networks' files, of a pair both, and the names of the classes.

    ``spec`` is the residual network's, or the only network's.
    """

    id: str
    title: str
    spec: NetworkSpec
    residual: Path | None
    plain: Path | None
    classes: tuple[str, ...]


def chosen_run() -> TrainedRun | None:
    """The run that the page's address names, if it has weights."""
    run_id = st.query_params.get(ADDRESS_KEY)
    return find_run(run_id) if run_id else None


def find_run(run_id: str) -> TrainedRun | None:
    """A run by its id, if it is a training with weights."""
    try:
        return trained_run(runs.run(run_id))
    except ResnetVizError:
        return None


def trained_run(run: Run) -> TrainedRun | None:
    """What other pages can open of a run; None before its first epoch."""
    if run.kind != "train":
        return None
    folder, data = runs.folder(run.id), runs.events(run.id, "data")
    files = {kind: folder / f"{kind}.safetensors" for kind in ("residual", "plain")}
    residual, plain = (path if path.is_file() else None for path in files.values())
    first = residual or plain
    if not data or first is None:
        return None
    spec = file_spec(first)
    return TrainedRun(run.id, run.title, spec, residual, plain, tuple(data[0].body["classes"]))
