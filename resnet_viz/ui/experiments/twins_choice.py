"""The choice of a trained pair for an experiment."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.jobs.queue import runs
from resnet_viz.records import Run
from resnet_viz.spec import NetworkSpec


def ask_twins(key: str, text: Text) -> dict[str, str]:
    """The settings that name a pair of one's own; none where there is none or it is not chosen."""
    own = {run.id: run for run in runs.listed() if _is_pair(run)}
    if not own:
        return {}

    def label(option: str) -> str:
        if option not in own:
            return text("experiments.twins_bundled")
        return text("experiments.twins_own", title=own[option].title,
                    date=f"{own[option].created:%m-%d %H:%M}")  # fmt: skip

    chosen = st.selectbox(text("experiments.twins"), ["", *own], format_func=label, key=key)
    if not chosen:
        return {}
    depth = NetworkSpec.from_dict(own[chosen].config["network"]).depth
    return {"twins": chosen, "depth": str(depth)}


def _is_pair(run: Run) -> bool:
    """Return whether a run has trained twins on the images that experiments use."""
    right = run.kind == "train" and run.config.get("pair") and run.config.get("data") == "cifar10"
    return bool(right) and (runs.folder(run.id) / "plain.safetensors").is_file()
