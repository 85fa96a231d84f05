"""One training while it runs: curves, gradients and watched images."""

import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.figures.training_curves import live_curves, mark_moment
from resnet_viz.figures.training_plots import by_kind, measured_steps, watched_row
from resnet_viz.figures.training_words import training_note, training_sentence
from resnet_viz.jobs.codec import last_of, of_type
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import (
    TWINS,
    DataShown,
    Epoch,
    TrainingPoint,
    TrainingProgress,
    TrainingStep,
    WatchedImages,
)
from resnet_viz.training.config import TrainingConfig
from resnet_viz.ui.frame.session import RUN, TRAIN_MOMENT, TRAIN_REACHED, TRAIN_SETTINGS
from resnet_viz.ui.frame.words import class_label, duration, md_escape
from resnet_viz.ui.running.run_panel import RunPanel, Status, show_run
from resnet_viz.ui.train.run_facts import show_facts

_WATCHED_WIDTH = 64  # pixels; a name and four fit into half a page, and into a phone
_PLOT = 270  # pixels; curves, pictures and controls fit a laptop's screen together
_PLAIN = {"displayModeBar": False}


def choose_run(trainings: Sequence[Run], text: Text) -> Run | None:
    """Return the selected run, by default the newest; None if there is none."""
    if not trainings:
        return None
    by_id = {run.id: run for run in trainings}
    RUN.restore(by_id, trainings[0].id)
    chosen = st.selectbox(
        text("train.shown"),
        list(by_id),
        format_func=lambda run_id: f"{by_id[run_id].title} ({by_id[run_id].created:%m-%d %H:%M})",
        key=RUN.name,
        label_visibility="collapsed",
    )
    RUN.publish(trainings[0].id)
    return by_id[chosen]


def show_training(run: Run | None, text: Text) -> None:
    """Show a run, or a message if there is none."""
    if run is None:
        st.info(text("train.empty"))
        return
    panel = RunPanel(
        "train",
        draw=lambda status: _draw(run, status, text),
        page="Train",
        progress=lambda status: _progress(status, text),
        after_stop=lambda: TRAIN_SETTINGS.set(True),
        pause=True,
    )
    show_run(run, panel, text)


def _draw(run: Run, status: Status, text: Text) -> None:
    """Show the run at the chosen moment: curves, gradients and pictures."""
    epochs = by_kind(of_type(status.records, Epoch))
    points = of_type(status.records, TrainingPoint)
    steps = by_kind(of_type(status.records, TrainingStep))
    if not (epochs or points or steps):
        return
    config = run.config
    depth = config.network.depth if isinstance(config, TrainingConfig) else 0
    data = last_of(status.records, DataShown)
    per_epoch = _steps_per_epoch(config, data)
    done = max((point.step + 1 for point in points), default=0)
    sentence, choices = st.container(), st.columns([1, 3], vertical_alignment="bottom")
    with choices[0]:
        quantity = _ask_quantity(text)
    with choices[1]:
        moment = _ask_moment(run, of_type(status.records, WatchedImages), text)
    past = {kind: [row for row in rows if moment is None or row.epoch <= moment]
            for kind, rows in epochs.items()}  # fmt: skip
    sentence.markdown(training_sentence(past, depth, text))
    curves = live_curves(epochs, points, quantity, text, per_epoch=per_epoch, height=_PLOT)
    gradients = measured_steps(steps, "gradient_norms", text, done=done, height=_PLOT)
    if moment is not None:
        for figure in (curves, gradients):
            mark_moment(figure, moment * per_epoch)
    left, right = st.columns(2)
    left.plotly_chart(curves, key="train_curves", config=_PLAIN)
    right.plotly_chart(gradients, key="train_gradients", config=_PLAIN)
    _watched(status, moment, text)
    if note := training_note(past, data.changes if data else None, text):
        st.caption(note)
    st.caption(text("train.gradients"))
    show_facts(config, data, text)


def _steps_per_epoch(config: object, data: DataShown | None) -> int:
    if data is None or not isinstance(config, TrainingConfig):
        return 1
    return max(1, -(-sum(data.train) // config.recipe.batch_size))


def _ask_quantity(text: Text) -> str:
    chosen = st.segmented_control(
        text("train.quantity"),
        ["error", "loss"],
        default="error",
        format_func=lambda name: text(f"train.quantity_{name}"),
        key="train_quantity",
        required=True,
        label_visibility="collapsed",
    )
    return chosen or "error"


def _ask_moment(run: Run, watched: Sequence[WatchedImages], text: Text) -> int | None:
    """Return the epoch that is looked back at; None for now.

    Unless somebody looks back, the slider follows the run.
    """
    newest = max((one.epoch for one in watched), default=0)
    if newest < 1:
        return None
    moment, reached = TRAIN_MOMENT[run.id], TRAIN_REACHED[run.id]
    if not moment.is_set or moment.get() >= reached.get():
        moment.set(newest)
    reached.set(newest)
    chosen = st.slider(text("train.moment"), 0, newest, key=moment.name)
    return None if chosen >= newest else chosen


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


def _watched(status: Status, moment: int | None, text: Text) -> None:
    """Show four test images with each network's prediction and Grad-CAM at that moment."""
    watched = {one.epoch: one for one in of_type(status.records, WatchedImages)}
    data = last_of(status.records, DataShown)
    if not watched or data is None or not data.watched:
        return
    shown = watched.get(max(watched) if moment is None else moment)
    if shown is None or not shown.sides:
        return
    high = max(float(side.cams.max()) for side in shown.sides.values())
    key = "train.watched" if shown.epoch else "train.watched_before"
    st.caption(text(key, epoch=shown.epoch, high=readable(high)))
    for column, kind in zip(st.columns(2), TWINS, strict=True):
        if kind in shown.sides:
            with column:
                _side(kind, shown, data, ColourRange(0.0, high), text)


def _side(
    kind: str, shown: WatchedImages, data: DataShown, colours: ColourRange, text: Text
) -> None:  # fmt: skip
    """Show one network's pictures in a row, behind its name; an untrained one has no opinion."""
    side = shown.sides[kind]
    names = [class_label(name, text) for name in data.classes]
    images = [_decoded(image.png) for image in data.watched]
    row = st.container(horizontal=True, gap="xsmall")
    row.container(width=_WATCHED_WIDTH).markdown(f"**{text(f'roles.{kind}')}**")
    for picture, answer, sure, image in zip(
        watched_row(images, list(side.cams), colours),
        side.answers,
        side.probabilities,
        data.watched,
        strict=True,
    ):
        truth = names[image.label]
        place = row.container(width=_WATCHED_WIDTH, gap="xxsmall")
        place.image(picture, width="stretch", alt=truth)
        if not shown.epoch:
            place.caption(md_escape(truth))
            continue
        key = "right" if answer == image.label else "wrong"
        place.caption(
            text(f"train.answer_{key}", answer=md_escape(names[answer]),
                 truth=md_escape(truth), sure=f"{100 * sure:.0f}")
        )  # fmt: skip


def _decoded(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"))
