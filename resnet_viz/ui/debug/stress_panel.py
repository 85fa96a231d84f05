"""*Resizing and precision*: measured in the sandbox when asked for, then shown as tables."""

from collections.abc import Iterator

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.saving import to_json
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.job import DiagnosisRecord
from resnet_viz.jobs.job import ANSWERED, Job
from resnet_viz.jobs.sandbox import Sandbox
from resnet_viz.records import ChangedAnswers, Stress
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.debug.diagnosis_jobs import answer, diagnosis_config
from resnet_viz.ui.debug.images_choice import ImagesId
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import STRESSED
from resnet_viz.ui.frame.words import md_escape


def show_stress(checkpoint: CheckpointId, images: ImagesId, number: int, text: Text) -> None:
    """Show the button; after a press the answers by scaling and format, and every layer."""
    job = _job(checkpoint, images)
    asked = STRESSED[str(number)]
    if st.button(text("stress.button"), key=f"stress-{number}", help=text("stress.help")):
        asked.set(job.key)
    if asked.get() != job.key:
        return
    try:
        measured = answer(job, f"stress{number}", md_escape(checkpoint.name), text)
    except ResnetVizError as error:
        show_error(error, text)
        return
    if isinstance(measured, Stress):
        _show(measured, number, text)


def _show(measured: Stress, number: int, text: Text) -> None:
    st.caption(text("stress.caption", count=measured.count))
    for part, rows in (("resizing", measured.resizing), ("precision", measured.precision)):
        st.dataframe([_row(row, text) for row in rows], hide_index=True, key=f"{part}-{number}")
    if measured.costliest is not None:
        layer = measured.costliest
        st.markdown(md_escape(text(
            "stress.costliest", layer=layer.name, value=f"{layer.int8_tensor:.2%}",
            channel=f"{layer.int8_channel:.2%}",
        )))  # fmt: skip
    st.markdown(text("stress.underflow", count=measured.underflow, lost=measured.lost_variances))
    with st.expander(text("stress.layers")):
        st.dataframe(measured.layers_frame(), hide_index=True, key=f"rounded-{number}")
    st.download_button(
        text("stress.download"),
        lambda: to_json(measured.contract()),
        file_name="resizing-and-precision.json",
        mime="application/json",
        key=f"stress-json-{number}",
        on_click="ignore",
    )


def _row(row: ChangedAnswers, text: Text) -> dict[str, str]:
    return {
        text("stress.change"): text(f"stress_changes.{row.change}"),
        text("stress.same"): f"{row.same:.0%}",
        text("stress.moved"): f"{row.moved:.3f}",
    }


def _job(checkpoint: CheckpointId, images: ImagesId) -> Job[DiagnosisRecord]:
    sandbox = Sandbox("diagnosis", checkpoint.name)

    def records() -> Iterator[DiagnosisRecord]:
        yield from sandbox.records(diagnosis_config([checkpoint], images, stress=True))

    key = ("stress", *checkpoint.key, images.source, images.place)
    return Job(key, records, cancel=sandbox.kill, kept=ANSWERED)
