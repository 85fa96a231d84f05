"""Diagnoses as jobs, each in a separate process, shared by all sessions."""

from collections.abc import Iterator, Sequence

import streamlit as st

from resnet_viz.checkpoints.reading.file_kinds import container
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.job import DiagnosisConfig, DiagnosisRecord, WeightsFile
from resnet_viz.jobs.job import ANSWERED, Job, JobState, JobStatus
from resnet_viz.jobs.sandbox import Sandbox
from resnet_viz.records import DiagnosisProgress
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.debug.images_choice import ImagesId, Source
from resnet_viz.ui.frame.engines import diagnoses
from resnet_viz.ui.running.waiting import StopButton, show

_LOOKED_INTO = 4_000_000  # bytes; the directory of a larger file is for the process


def diagnosis_of(chosen: Sequence[CheckpointId], images: ImagesId) -> Job[DiagnosisRecord]:
    """Return the job that diagnoses one checkpoint or compares two. A bad file is read once."""
    sandbox = Sandbox("diagnosis", chosen[0].name)

    def records() -> Iterator[DiagnosisRecord]:
        yield from sandbox.records(diagnosis_config(chosen, images))

    key = (*(checkpoint.key for checkpoint in chosen), images.source, images.place)
    return Job(key, records, cancel=sandbox.kill, kept=ANSWERED)


def begin(job: Job[DiagnosisRecord], place: str, text: Text) -> None:
    """Start a diagnosis before waiting for another, unless it was stopped here."""
    if not _button(job, place, text).pressed:
        diagnoses().start(job)


def answer(job: Job[DiagnosisRecord], place: str, name: str, text: Text) -> DiagnosisRecord | None:
    """Return the report or comparison, showing progress and a stop button; None if stopped.

    ``place`` distinguishes several on one page. Raises the error of the diagnosis.
    """
    button = _button(job, place, text)
    return button.unless_stopped(
        lambda: show(
            diagnoses().start(job), lambda status: _draw_progress(status, name, text), button
        )
    )


def _button(job: Job[DiagnosisRecord], place: str, text: Text) -> StopButton:
    return StopButton(
        place,
        job.key,
        label=text("debug.stop"),
        stopped=text("debug.stopped"),
        again=text("debug.again"),
    )


def _draw_progress(status: JobStatus[DiagnosisRecord], name: str, text: Text) -> None:
    last = status.records[-1] if status.records else None
    if status.state is JobState.QUEUED:
        st.progress(0.0, text("debug.waiting", name=name))
    elif isinstance(last, DiagnosisProgress):
        part = text(f"diagnosis_parts.{last.part}")
        st.progress(last.of_all, text("debug.working_part", name=name, part=part))
    else:
        st.progress(0.0, text("debug.working", name=name))


def diagnosis_config(
    chosen: Sequence[CheckpointId], images: ImagesId, out: str = "", *, stress: bool = False
) -> DiagnosisConfig:
    """What the process is asked for.

    ``out`` is where the file is written repaired; ``stress`` asks for resizing and precision.
    """
    files = [_file(checkpoint) for checkpoint in chosen]
    second = files[1] if len(files) > 1 else None
    uploaded = images.source in (Source.PICTURES, Source.ZIP)
    images_name = images.name if uploaded else ""
    return DiagnosisConfig(files[0], second, images.place, images_name, out, stress)


def _file(checkpoint: CheckpointId) -> WeightsFile:
    """Check the file before a process reads it; its first bytes and directory can refuse it here.

    Nothing is unpickled: ``container`` reads the first bytes, and a header or a directory.
    """
    path = checkpoint.path
    try:
        if not path.is_file() or path.stat().st_size <= _LOOKED_INTO:
            container(path)
    except ResnetVizError as error:
        raise type(error)(error.code, **{**error.values, "name": checkpoint.name}) from error
    return WeightsFile(str(path), checkpoint.name, checkpoint.network, checkpoint.copy)
