"""Before a training starts: its data, an estimate of its time, and the start button."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.datasets.load_dataset import known_datasets
from resnet_viz.figures.map_overlays import enlarge_pixels
from resnet_viz.figures.training_words import told_changes
from resnet_viz.jobs.job import ANSWERED, Job, JobStatus
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.sandbox import BRIEF, Sandbox
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import WeightSource
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.preview import Preview, preview_job
from resnet_viz.training.run_title import run_title
from resnet_viz.ui.choose import own_runs
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import RUN, TRAIN_SETTINGS
from resnet_viz.ui.frame.words import duration, md_escape
from resnet_viz.ui.running.waiting import follow
from resnet_viz.ui.train.form import preview_key

_SIDE = 64  # pixels
_LIMITS = replace(BRIEF, threads=0)  # it measures the time of the training, with its threads


def offer_start(config: TrainingConfig, text: Text) -> None:
    """Show the start button; a worker is started already, so that the first step comes at once."""
    runs.prepare(config.device)
    st.button(text("train.begin"), type="primary", key="train_begin", icon=":material/play_arrow:",
              on_click=_start, args=(config, text), help=run_title(config, text))  # fmt: skip


def _start(config: TrainingConfig, text: Text) -> None:
    """Start a training and show it, with the settings folded away."""
    try:
        run_id = own_runs.submit(
            "train", config, title=run_title(config, text), device=config.device
        )
    except ResnetVizError as error:
        show_error(error, text)
    else:
        RUN.set(run_id)
        TRAIN_SETTINGS.set(False)


def show_estimate(config: TrainingConfig, text: Text) -> None:
    """Show data and estimate once they are computed."""
    follow(
        lambda: results().start(_preview_of(config)),
        lambda _, status: _show_preview(status, text),
        patience=0,
    )


def _preview_of(config: TrainingConfig) -> Job[Preview]:
    """Return the job of a preview. What a visitor uploaded is read in a process of its own."""
    files = [config.data] if config.data not in known_datasets() else []
    if config.start.source is WeightSource.FILE:
        files.append(str(config.start.path))
    sandbox = Sandbox("preview", safe_name(Path(files[0]).name) if files else "", _LIMITS)

    def records() -> Iterator[Preview]:
        yield from (sandbox.records if files else preview_job)(config)

    return Job(
        preview_key(config),
        records,
        cancel=sandbox.kill,
        size=lambda one: one.nbytes,
        kept=ANSWERED,
    )


def _show_preview(status: JobStatus[Preview], text: Text) -> None:
    if status.state.active:
        st.caption(text("train.estimating"))
    elif status.error is not None:
        show_error(status.error, text)
    else:
        _show(status.result, text)


def _show(data: Preview, text: Text) -> None:
    train, test = sum(data.train), sum(data.test)
    st.caption(
        text(
            "train.estimate",
            time=duration(data.seconds, text),
            train=f"{train:,}",
            test=f"{test:,}",
            whole=f"{sum(data.whole):,}",
        )
    )
    why = text(f"train.why_{data.why or 'recipe'}")
    st.caption(text("train.changes", changes=told_changes(data.changes, text), why=why))
    with st.expander(text("train.preview")):
        _data(data, text)


def _data(data: Preview, text: Text) -> None:
    left, right = st.columns([2, 3])
    table = pd.DataFrame({"class": data.classes, "train": data.train, "test": data.test}).rename(
        columns=lambda name: text(f"train.column_{name}")
    )
    left.dataframe(table, hide_index=True, height=300, key="train_balance")
    right.caption(text("train.augmented" if data.changes.any else "train.unchanged"))
    factor = max(1, _SIDE // data.samples[0].shape[0])
    right.image([enlarge_pixels(sample, factor) for sample in data.samples], width=_SIDE + 16)
    if data.skipped:
        right.warning(text("train.skipped", names=md_escape(", ".join(data.skipped))))
