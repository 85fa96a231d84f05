"""Before a training starts: its data on eight images, its time, and the one button."""

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.figures.map_overlays import enlarge_pixels
from resnet_viz.jobs.job import ANSWERED, Job, JobStatus
from resnet_viz.jobs.queue import runs
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.preview import Preview, preview
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import RUN
from resnet_viz.ui.frame.words import duration, md_escape
from resnet_viz.ui.running.waiting import follow
from resnet_viz.ui.train.form import preview_key

_SIDE = 64  # pixels


def offer_start(config: TrainingConfig, text: Text) -> None:
    """The button at once; data and estimate as soon as they are known."""
    started = st.button(text("train.begin"), type="primary", key="train_begin")
    if started:
        try:
            run_id = runs.submit("train", config, title=config.title, device=config.device)
        except ResnetVizError as error:
            show_error(error, text)
        else:
            RUN.set(run_id)
    job = Job(
        preview_key(config), lambda: _previewed(config), size=lambda one: one.nbytes, kept=ANSWERED
    )
    follow(lambda: results().start(job), lambda _, status: _show_preview(status, text), patience=0)


def _previewed(config: TrainingConfig) -> Iterator[Preview]:
    yield preview(config)


def _show_preview(status: JobStatus[Preview], text: Text) -> None:
    if status.state.active:
        st.caption(text("train.estimating"))
    elif status.error is not None:
        show_error(status.error, text)
    else:
        _show(status.result, text)


def _show(found: Preview, text: Text) -> None:
    train, test = sum(found.train), sum(found.test)
    st.caption(
        text(
            "train.estimate",
            time=duration(found.seconds, text),
            train=f"{train:,}",
            test=f"{test:,}",
            whole=f"{sum(found.whole):,}",
        )
    )
    with st.expander(text("train.preview")):
        _data(found, text)


def _data(found: Preview, text: Text) -> None:
    left, right = st.columns([2, 3])
    table = pd.DataFrame({"class": found.classes, "train": found.train, "test": found.test}).rename(
        columns=lambda name: text(f"train.column_{name}")
    )
    left.dataframe(table, hide_index=True, height=300, key="train_balance")
    right.caption(text("train.augmented"))
    factor = max(1, _SIDE // found.samples[0].shape[0])
    right.image([enlarge_pixels(sample, factor) for sample in found.samples], width=_SIDE + 16)
    if found.skipped:
        right.warning(text("train.skipped", names=md_escape(", ".join(found.skipped))))
