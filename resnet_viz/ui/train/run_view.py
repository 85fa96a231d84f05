"""One run while it goes on: curves, gradients, watched images; the page around it stands still."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from resnet_viz.core.text import Text
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.figures.training_plots import (
    Rows,
    curve_figure,
    measured_steps,
    training_sentence,
    watched_row,
)
from resnet_viz.records import TWINS, Run, RunState, RunStatus
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import RUN
from resnet_viz.ui.frame.words import class_label, duration, md_escape
from resnet_viz.ui.running.run_panel import looked_at, run_buttons

_EVERY = 1.0  # seconds between looks at a run that goes on
_WATCHED_WIDTH = 104  # pixels; four fit into half a page, three on a phone


def show_run(found: Sequence[Run], text: Text) -> None:
    """The chosen run, at first the newest, or what would be here."""
    if not found:
        st.info(text("train.empty"))
        return
    by_id = {run.id: run for run in found}
    RUN.restore(by_id, found[0].id)
    chosen = st.selectbox(
        text("train.shown"),
        list(by_id),
        format_func=lambda run_id: f"{by_id[run_id].title} ({by_id[run_id].created:%m-%d %H:%M})",
        key=RUN.name,
    )
    RUN.publish(found[0].id)
    live = by_id[chosen].state.active
    st.fragment(_panel, run_every=_EVERY if live else None)(chosen, live, text)


def _panel(run_id: str, live: bool, text: Text) -> None:
    status = looked_at(run_id, live, text)
    if status is None:
        return
    _state(status, text)
    run_buttons(status, "train", text)
    events = {event.key: event.body for event in status.events}
    epochs, steps = by_kind(events, "epoch/"), by_kind(events, "step/")
    if not epochs and not steps:
        return
    st.markdown(training_sentence(epochs, text))
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
    _watched(events, text)


def by_kind(events: Mapping[str, Mapping[str, Any]], prefix: str) -> Rows:
    """Epochs or steps of each network, in order."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for key, body in events.items():
        if key.startswith(prefix):
            rows.setdefault(body["kind"], []).append(body)
    counter = prefix.removesuffix("/")
    return {kind: sorted(found, key=lambda body: body[counter]) for kind, found in rows.items()}


def _state(status: RunStatus, text: Text) -> None:
    if status.state is RunState.QUEUED:
        st.caption(text("train.state_queued", position=status.position or 1))
        return
    progress = next((e.body for e in status.events if e.key == "progress"), None)
    if not status.state.active or progress is None:
        st.caption(text(f"train.state_{status.state}"))
    else:
        done = (progress["epoch"] - 1) * progress["steps"] + progress["step"]
        share = done / (progress["epochs"] * progress["steps"])
        label = text("train.progress", epoch=progress["epoch"], epochs=progress["epochs"],
                     left=_left(status, progress, text))  # fmt: skip
        st.progress(min(share, 1.0), text=label)
    if status.error is not None:
        show_error(status.error, text)


def _left(status: RunStatus, progress: Mapping[str, Any], text: Text) -> str:
    speeds = [e.body["images_per_second"] for e in status.events if e.key.startswith("epoch/")]
    data = next((e.body for e in status.events if e.key == "data"), None)
    if not speeds or data is None:
        return "…"
    images = sum(data["train"])
    rest = progress["epochs"] - progress["epoch"] + 1 - progress["step"] / progress["steps"]
    return duration(rest * images / speeds[-1], text)


def _watched(events: Mapping[str, Mapping[str, Any]], text: Text) -> None:
    """Four test images with what each network says of them and where it looks."""
    latest = [body for key, body in events.items() if key.startswith("watched/")]
    data = events.get("data")
    if not latest or data is None or not data["watched"]:
        return
    newest = max(latest, key=lambda body: body["epoch"])
    images = [_decode(one["png"]) for one in data["watched"]]
    cams = {kind: [np.array(c, np.float64) for c in side["cams"]]
            for kind, side in newest["sides"].items()}  # fmt: skip
    if not cams:
        return
    high = max(float(cam.max()) for side in cams.values() for cam in side)
    names = [class_label(name, text) for name in data["classes"]]
    st.caption(text("train.watched", epoch=newest["epoch"], high=f"{high:.3g}"))
    for column, kind in zip(st.columns(2), TWINS, strict=True):
        if kind not in cams:
            continue
        side = newest["sides"][kind]
        with column:
            st.markdown(f"**{text(f'roles.{kind}')}**")
            row = st.container(horizontal=True)
            for picture, answer, sure, one in zip(
                watched_row(images, cams[kind], ColourRange(0.0, high)),
                side["answers"],
                side["probabilities"],
                data["watched"],
                strict=True,
            ):
                truth = names[one["label"]]
                place = row.container(width=_WATCHED_WIDTH)
                place.image(picture, width="stretch", alt=truth)
                key = "right" if answer == one["label"] else "wrong"
                place.caption(
                    text(f"train.answer_{key}", answer=md_escape(names[answer]),
                         truth=md_escape(truth), sure=f"{100 * sure:.0f}")
                )  # fmt: skip


def _decode(png: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(png)), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"))
