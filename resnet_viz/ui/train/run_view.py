"""One training while it runs: curves, gradients and watched images."""

import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.figures.training_plots import (
    by_kind,
    curve_figure,
    measured_steps,
    watched_row,
)
from resnet_viz.figures.training_words import training_note, training_sentence
from resnet_viz.jobs.codec import last_of, of_type
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import (
    TWINS,
    DataShown,
    Epoch,
    TrainingProgress,
    TrainingStep,
    WatchedImages,
)
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.frame.session import RUN
from resnet_viz.ui.frame.words import class_label, duration, md_escape
from resnet_viz.ui.running.run_panel import RunPanel, Status, show_run
from resnet_viz.ui.train.run_facts import show_facts

_WATCHED_WIDTH = 76  # pixels; four fit into half a page, and into a phone


def show_training(trainings: Sequence[Run], text: Text) -> None:
    """Show the selected run, by default the newest, or a message if there is none."""
    if not trainings:
        st.info(text("train.empty"))
        return
    by_id = {run.id: run for run in trainings}
    RUN.restore(by_id, trainings[0].id)
    chosen = st.selectbox(
        text("train.shown"),
        list(by_id),
        format_func=lambda run_id: f"{by_id[run_id].title} ({by_id[run_id].created:%m-%d %H:%M})",
        key=RUN.name,
    )
    RUN.publish(trainings[0].id)
    panel = RunPanel(
        "train",
        draw=lambda status: _curves(by_id[chosen], status, text),
        progress=lambda status: _progress(status, text),
    )
    show_run(by_id[chosen], panel, text)


def _curves(run: Run, status: Status, text: Text) -> None:
    epochs = by_kind(of_type(status.records, Epoch))
    steps = by_kind(of_type(status.records, TrainingStep))
    if not epochs and not steps:
        return
    config = run.config
    depth = config.network.depth if isinstance(config, TrainingConfig) else 0
    st.markdown(training_sentence(epochs, depth, text))
    left, right = st.columns(2)
    quantity = left.segmented_control(
        text("train.quantity"),
        ["error", "loss"],
        default="error",
        format_func=lambda name: text(f"train.quantity_{name}"),
        key="train_quantity",
        required=True,
        label_visibility="collapsed",
    )
    plain = {"displayModeBar": False}
    left.plotly_chart(
        curve_figure(epochs, quantity or "error", text), key="train_curves", config=plain
    )
    right.caption(text("train.gradients"))
    figure = measured_steps(steps, "gradient_norms", text)
    right.plotly_chart(figure, key="train_gradients", config=plain)
    data = last_of(status.records, DataShown)
    if note := training_note(epochs, data.changes if data else None, text):
        st.caption(note)
    show_facts(config, data, text)
    _watched(status, text)


def _progress(status: Status, text: Text) -> tuple[float, str] | None:
    progress = last_of(status.records, TrainingProgress)
    if progress is None:
        return None
    label = text("train.progress", epoch=progress.epoch, epochs=progress.epochs,
                 left=_left(status, progress, text))  # fmt: skip
    return progress.share, label


def _left(status: Status, progress: TrainingProgress, text: Text) -> str:
    epoch = last_of(status.records, Epoch)
    data = last_of(status.records, DataShown)
    if epoch is None or data is None:
        return "…"
    images = sum(data.train)
    return duration(progress.epochs_left * images / epoch.images_per_second, text)


def _watched(status: Status, text: Text) -> None:
    """Show four test images with each network's prediction and Grad-CAM."""
    watched = of_type(status.records, WatchedImages)
    data = last_of(status.records, DataShown)
    if not watched or data is None or not data.watched:
        return
    newest = max(watched, key=lambda one: one.epoch)
    if not newest.sides:
        return
    images = [_decoded(image.png) for image in data.watched]
    high = max(float(side.cams.max()) for side in newest.sides.values())
    names = [class_label(name, text) for name in data.classes]
    st.caption(text("train.watched", epoch=newest.epoch, high=readable(high)))
    for column, kind in zip(st.columns(2), TWINS, strict=True):
        if kind not in newest.sides:
            continue
        side = newest.sides[kind]
        with column:
            st.markdown(f"**{text(f'roles.{kind}')}**")
            row = st.container(horizontal=True)
            for picture, answer, sure, image in zip(
                watched_row(images, list(side.cams), ColourRange(0.0, high)),
                side.answers,
                side.probabilities,
                data.watched,
                strict=True,
            ):
                truth = names[image.label]
                place = row.container(width=_WATCHED_WIDTH)
                place.image(picture, width="stretch", alt=truth)
                key = "right" if answer == image.label else "wrong"
                place.caption(
                    text(f"train.answer_{key}", answer=md_escape(names[answer]),
                         truth=md_escape(truth), sure=f"{100 * sure:.0f}")
                )  # fmt: skip


def _decoded(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"))
