"""A training of this machine as a source of weights for the other pages."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from resnet_viz import runs
from resnet_viz.checkpoints.pairs import preset_of_shape
from resnet_viz.errors import ResnetVizError
from resnet_viz.records import Run, WeightSource
from resnet_viz.spec import NetworkSpec

ADDRESS_KEY = "run"


@dataclass(frozen=True)
class TrainedRun:
    """A run with both twins' weights: its title, preset, files and classes."""

    title: str
    network: str  # the preset that the run's networks have the shape of
    residual: Path
    plain: Path
    classes: tuple[str, ...]


def chosen_run() -> TrainedRun | None:
    """The run that the page's address names, if it has weights of both twins."""
    run_id = st.query_params.get(ADDRESS_KEY) or st.session_state.get(f"{ADDRESS_KEY}_compared")
    if not run_id:
        return None
    st.session_state[f"{ADDRESS_KEY}_compared"] = run_id
    try:
        return trained_run(runs.run(run_id))
    except ResnetVizError:
        return None


def trained_run(run: Run) -> TrainedRun | None:
    """What Compare can open of a run; None before its first epoch, or where it is no pair."""
    if run.kind != "train" or not run.config.get("pair"):
        return None
    folder = runs.folder(run.id)
    files = [folder / f"{kind}.safetensors" for kind in ("residual", "plain")]
    data = runs.events(run.id, "data")
    name = preset_of_shape(NetworkSpec.from_dict(run.config["network"]))
    if name is None or not data or not all(path.is_file() for path in files):
        return None
    return TrainedRun(run.title, name, files[0], files[1], tuple(data[0].body["classes"]))


def compare_address(run: Run, found: TrainedRun, language: str) -> str:
    """The address of Compare with a run's weights."""
    state = {"network": found.network, "weights": WeightSource.FILE.value, ADDRESS_KEY: run.id}
    return "/?" + urlencode({**state, "lang": language})
