"""What a run was made of: data, augmentation, seed and threads; and how far its errors spread."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.figures.training_words import told_changes
from resnet_viz.records import DataShown, Role
from resnet_viz.training.class_demo import DemoRecording, recorded_demo
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.frame.words import md_escape


def show_facts(config: object, data: DataShown | None, text: Text) -> None:
    """Show the facts of a run in one line, and the recorded spread if it is the class demo."""
    if not isinstance(config, TrainingConfig) or data is None:
        return
    parts = [
        text(
            "train.facts",
            data=md_escape(data.name),
            train=f"{sum(data.train):,}",
            test=f"{sum(data.test):,}",
            changes="?" if data.changes is None else told_changes(data.changes, text),
            seed=config.recipe.seed,
        )
    ]
    if config.recipe.threads and config.device == "cpu":
        parts.append(text("train.facts_threads", threads=config.recipe.threads))
    st.caption(" ".join(parts))
    demo = recorded_demo()
    if demo.covers(config):
        st.caption(_spread(demo, config.network.depth, text))


def _spread(demo: DemoRecording, depth: int, text: Text) -> str:
    shallow = demo.depths[0]
    return text(
        "train.spread",
        runs=len(demo.of(depth, Role.PLAIN)),
        residual=_range(demo, depth, Role.RESIDUAL, text),
        plain=_range(demo, depth, Role.PLAIN, text),
        shallow=shallow,
        residual_shallow=_range(demo, shallow, Role.RESIDUAL, text),
        plain_shallow=_range(demo, shallow, Role.PLAIN, text),
    )


def _range(demo: DemoRecording, depth: int, role: Role, text: Text) -> str:
    """Return the lowest and the highest training error in percent."""
    rows = demo.of(depth, role)
    low, high = (f"{100 * row.train_error:.1f}" for row in (rows[0], rows[-1]))
    return text("train.spread_range", low=low, high=high)
