"""Activation maximisation of a channel, as a background run."""

import io

import numpy as np
import streamlit as st
from PIL import Image

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.channels.job import MaximiseConfig
from resnet_viz.explain.channels.maximise import MOST_STEPS, Goal
from resnet_viz.figures.explanation_plots import ascent_figure
from resnet_viz.figures.map_overlays import enlarge_pixels
from resnet_viz.jobs.codec import of_type
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records.features import ActivationPicture, ActivationReached
from resnet_viz.ui.choose import own_runs
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.running.run_panel import RunPanel, Status, counted, show_run

_KIND = "maximise"
_SIDE = 320  # pixels


def show_maximising(
    question: Question, side: int, loaded: LoadedNetwork, layer: str, channel: int, text: Text
) -> None:
    """Show the start button and the latest run for this network, layer and channel."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    steps = left.number_input(
        text("explain_channels.steps"),
        16,
        MOST_STEPS,
        256,
        step=16,
        key="maximise_steps",
        help=text("explain_channels.steps_help"),
    )
    seed = middle.number_input(text("compare.seed"), 0, 2**31 - 1, step=1, key="maximise_seed")
    config = MaximiseConfig(
        network=(question.first, question.second)[side],
        goal=Goal(layer, channel, steps=int(steps or 256), seed=int(seed or 0)),
        digest=loaded.digest,
        device=question.device,
    )
    right.button(
        text("explain_channels.maximise"),
        key="maximise_start",
        on_click=_start,
        args=(config, text("explain_channels.run_title", layer=layer, channel=channel), text),
        help=text("explain_channels.maximise_help"),
    )
    found = [run for run in own_runs.listed() if _is_of(run, loaded.digest, layer, channel)]
    if not found:
        st.caption(text("explain_channels.maximise_empty"))
        return
    panel = RunPanel("maximise", draw=lambda status: _reached(status, text), progress=counted(text))
    show_run(found[0], panel, text)


def _start(config: MaximiseConfig, title: str, text: Text) -> None:
    try:
        own_runs.submit(_KIND, config, title=title, device=config.device)
    except ResnetVizError as error:
        show_error(error, text)


def _is_of(run: Run, digest: str, layer: str, channel: int) -> bool:
    config = run.config
    if not isinstance(config, MaximiseConfig):
        return False
    return (config.digest, config.goal.layer, config.goal.channel) == (digest, layer, channel)


def _reached(status: Status, text: Text) -> None:
    steps = of_type(status.records, ActivationReached)
    pictures = of_type(status.records, ActivationPicture)
    if not steps:
        return
    left, right = st.columns(2)
    right.plotly_chart(
        ascent_figure(sorted(steps, key=lambda one: one.step), text),
        key="maximise_curve",
        config={"displayModeBar": False},
    )
    if pictures:
        last = max(pictures, key=lambda one: one.step)
        left.image(_decoded(last.png), alt=text("explain_channels.made_alt"))
        left.caption(
            text("explain_channels.made", step=last.step, steps=last.steps,
                 still=readable(last.still), first=readable(steps[0].activation))
        )  # fmt: skip


def _decoded(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return enlarge_pixels(pixels, max(1, _SIDE // len(pixels)))
