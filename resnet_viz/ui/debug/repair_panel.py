"""*Repair and save*: write a checkpoint anew in the sandbox, list what was done, offer the file."""

import secrets
from collections.abc import Iterator
from pathlib import Path, PurePath

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.places import home
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.job import DiagnosisRecord
from resnet_viz.jobs.job import ANSWERED, Job
from resnet_viz.jobs.sandbox import Sandbox
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import Repair
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.debug.diagnosis_jobs import answer, diagnosis_config
from resnet_viz.ui.debug.images_choice import ImagesId
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import REPAIRED
from resnet_viz.ui.frame.words import md_escape


def show_repair(checkpoint: CheckpointId, images: ImagesId, number: int, text: Text) -> None:
    """Show the button; after a press what was done, and the new file."""
    asked, wanted = REPAIRED[str(number)], (checkpoint.key, images.source, images.place)
    if st.button(text("repair.button"), key=f"repair-{number}", help=text("repair.help")):
        asked.set((wanted, secrets.token_hex(6)))
    if not asked.is_set or asked.get()[0] != wanted:
        return
    job = _job(checkpoint, images, asked.get()[1])
    try:
        done = answer(job, f"repair{number}", md_escape(checkpoint.name), text)
    except ResnetVizError as error:
        show_error(error, text)
        return
    if isinstance(done, Repair):
        _show(done, checkpoint.name, number, text)


def _show(done: Repair, name: str, number: int, text: Text) -> None:
    shown_name = f"{PurePath(safe_name(name)).stem}-repaired.safetensors"
    lines = [step.sentence(text) for step in done.steps] or [text("repair.nothing")]
    lines.append(text("repair.written", file=shown_name, count=done.tensors))
    st.markdown("\n".join(f"- {md_escape(line)}" for line in lines))
    st.download_button(
        text("repair.download", file=md_escape(shown_name)),
        lambda: Path(done.out).read_bytes(),
        file_name=shown_name,
        mime="application/octet-stream",
        key=f"repaired-{number}",
        on_click="ignore",
    )


def _job(checkpoint: CheckpointId, images: ImagesId, press: str) -> Job[DiagnosisRecord]:
    """The repair as a job in a process of its own; its file is kept among the uploads.

    ``press`` is new each time that the button is pressed, so that each makes a file of its own.
    """
    sandbox = Sandbox("diagnosis", checkpoint.name)
    folder = home() / "uploads" / f"repaired-{press}"
    out = folder / "repaired.safetensors"

    def records() -> Iterator[DiagnosisRecord]:
        folder.mkdir(parents=True, exist_ok=True)
        yield from sandbox.records(diagnosis_config([checkpoint], images, str(out)))

    key = ("repair", *checkpoint.key, press)
    return Job(key, records, cancel=sandbox.kill, kept=ANSWERED)
