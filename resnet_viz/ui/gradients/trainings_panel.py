"""Gradients during whole trainings: bundled recordings, and runs of this machine."""

from pathlib import Path

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.experiments.recorded_trainings import Training, bundled_trainings
from resnet_viz.figures.gradient_lab_plots import (
    LabQuantity,
    lab_caption,
    lab_figure,
    step_curves,
)
from resnet_viz.figures.training_plots import by_kind, curve_figure
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue.run import Run
from resnet_viz.records import DataShown, Epoch
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.job import steps_of
from resnet_viz.ui.choose.network_choice import bundled_title
from resnet_viz.ui.choose.own_runs import listed
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.words import md_escape


def show_trainings(text: Text) -> None:
    """Ask for a training and a step, and show its gradients."""
    bundled = {one.name: one for one in bundled_trainings()}
    own = {run.id: run for run in listed() if isinstance(run.config, TrainingConfig)}
    left, right = st.columns(2)
    chosen = left.selectbox(
        text("gradient_lab.training"), [*bundled, *own], key="lab_training",
        format_func=lambda name: own[name].title if name in own else text(
            "gradient_lab.training_bundled", names=_reached(bundled[name], text)),
    )  # fmt: skip
    training = bundled.get(chosen) or _of_run(own[chosen])
    steps = training.watched()
    if not steps:
        st.info(text("gradient_lab.training_empty"))
        return
    step = steps[0]
    if len(steps) > 1:
        step = right.select_slider(
            text("gradient_lab.training_step"), steps, key=f"lab_training_step_{chosen}"
        )
    curves = step_curves(training.specs, training.at(step))
    chart(lab_figure(curves, LabQuantity.WEIGHT, text), key="lab_training_plot",
          name=f"gradients-{training.name}-{step}")  # fmt: skip
    st.markdown(lab_caption(curves, text))
    epoch = f"{step / training.steps_per_epoch:.2f}"
    st.caption(text("gradient_lab.training_told", step=step, epoch=epoch, epochs=training.epochs,
                    data=md_escape(training.data), device=training.device))  # fmt: skip
    if training.curves:
        chart(curve_figure(training.curves, "error", text), key="lab_training_curves",
              name=f"errors-{training.name}")  # fmt: skip


def _reached(training: Training, text: Text) -> str:
    """Return the networks of a recorded training, each with what it reached."""
    names = [bundled_title(spec.name, text) for spec in training.specs.values()]
    return text("gradient_lab.training_between").join(names)


def _of_run(run: Run) -> Training:
    """Return a run of this machine as far as it has come."""
    config = run.config
    assert isinstance(config, TrainingConfig)
    data = runs.events(run.id, DataShown)
    images = sum(data[0].train) if data else 1
    return Training(
        name=run.id,
        specs=config.specs(),
        steps=tuple(steps_of(runs.folder(run.id))),
        curves=by_kind(runs.events(run.id, Epoch)),
        steps_per_epoch=-(-images // config.recipe.batch_size),
        data=Path(config.data).name,
        epochs=config.recipe.epochs,
        device=config.device,
    )
