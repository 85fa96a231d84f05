"""The choice of a trained pair for an experiment."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.choose.own_runs import listed


def ask_twins(key: str, text: Text) -> dict[str, str]:
    """Return the settings of the chosen trained pair; empty for the bundled one."""
    own = {run.id: run for run in listed() if _pair(run) is not None}
    if not own:
        return {}

    def label(option: str) -> str:
        if option not in own:
            return text("experiments.twins_bundled")
        return text("experiments.twins_own", title=own[option].title,
                    date=f"{own[option].created:%m-%d %H:%M}")  # fmt: skip

    chosen = st.selectbox(text("experiments.twins"), ["", *own], format_func=label, key=key)
    config = _pair(own[chosen]) if chosen else None
    return {} if config is None else {"twins": chosen, "depth": str(config.network.depth)}


def _pair(run: Run) -> TrainingConfig | None:
    """Return the config of a run that has trained twins on the images that experiments use."""
    config = run.config
    if not isinstance(config, TrainingConfig) or not config.pair or config.data != "cifar10":
        return None
    return config if (runs.folder(run.id) / "plain.safetensors").is_file() else None
