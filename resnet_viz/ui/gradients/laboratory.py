"""The gradient laboratory: a plot that fills while networks are measured."""

from collections.abc import Sequence

import streamlit as st

from resnet_viz.core.saving import to_json
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.gradient_growth import (
    GradientConfig,
    gradient_measurements,
    gradients_document,
    watched_steps,
)
from resnet_viz.figures.gradient_lab_plots import (
    LabQuantity,
    growth_rows,
    heat_figure,
    lab_caption,
    lab_curves,
    lab_figure,
)
from resnet_viz.jobs.job import ENDED, Job, JobState, JobStatus, Running
from resnet_viz.records import GradientMeasurement
from resnet_viz.records.gradients import gradient_frame
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.gradients.form import ask_networks, ask_quantity, faint_kind, offer_presets
from resnet_viz.ui.running.waiting import follow


def show_laboratory(text: Text) -> None:
    """Show presets, plot and settings; a change starts a measurement."""
    offer_presets(text)
    quantity = ask_quantity(text)
    plot = st.container()
    config = ask_networks(text)
    if config is None:
        return
    job = Job(("gradients", config), lambda: gradient_measurements(config), kept=ENDED)
    with plot:
        follow(
            lambda: measurements().start(job),
            lambda running, status: _plot(running, status, config, quantity, text),
        )


def _plot(
    running: Running[GradientMeasurement],
    status: JobStatus[GradientMeasurement],
    config: GradientConfig,
    quantity: LabQuantity,
    text: Text,
) -> None:
    _progress(running, status, config, text)
    measured = status.records
    if status.error is not None:
        show_error(status.error, text)
    if not measured:
        return
    step = _ask_step(measured, text)
    curves = lab_curves(measured, quantity, step)
    figure = lab_figure(curves, quantity, text, faint=faint_kind())
    chart(figure, key="lab_plot", name=f"gradients-{quantity}")
    st.markdown(lab_caption(curves, text, quantity))
    told = [text("gradient_lab.definitions", batch=measured[0].batch,
                 mode=text(f"gradient_lab.mode_{measured[0].batch_norm}"))]  # fmt: skip
    if not quantity.forward:
        told.append(text("gradient_lab.growth"))
    st.caption(" ".join(told))
    with st.expander(text("gradient_lab.more")):
        chart(heat_figure(curves, text), key="lab_heat", name=f"gradients-{quantity}-map")
        st.table(list(growth_rows(measured, step, text)))
        _downloads(measured, text)


def _progress(
    running: Running[GradientMeasurement],
    status: JobStatus[GradientMeasurement],
    config: GradientConfig,
    text: Text,
) -> None:
    if status.state is JobState.DONE:
        return
    left, right = st.columns([4, 1])
    if status.state.active:
        whole = config.networks * (1 + len(watched_steps(config.steps)))
        label = text("gradient_lab.working", done=len(status.records), all=whole)
        left.progress(min(len(status.records) / whole, 1.0), text=label)
        right.button(text("experiments.stop"), key="lab_stop", on_click=running.stop)
        return
    if status.state is JobState.STOPPED:
        left.caption(text("gradient_lab.stopped"))
    right.button(
        text("gradient_lab.again"),
        key="lab_again",
        on_click=measurements().forget,
        args=(("gradients", config),),
    )


def _ask_step(measured: Sequence[GradientMeasurement], text: Text) -> int:
    steps = sorted({m.step for m in measured})
    if len(steps) == 1:
        return steps[0]
    step = st.select_slider(text("gradient_lab.step"), steps, key="lab_step")
    return step if step in steps else steps[0]


def _downloads(measured: Sequence[GradientMeasurement], text: Text) -> None:
    left, right = st.columns(2)
    left.download_button(
        text("experiments.download_csv"),
        lambda: csv_text(gradient_frame(measured)),
        file_name="gradients.csv",
        mime="text/csv",
        on_click="ignore",
        key="lab_csv",
    )
    right.download_button(
        text("experiments.download_json"),
        lambda: to_json([{"step": m.step, **gradients_document(m)} for m in measured]),
        file_name="gradients.json",
        mime="application/json",
        on_click="ignore",
        key="lab_json",
    )
