"""The Debug page below its form: one report, or two side by side."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.reading.file_metadata import file_footing
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.job import DiagnosisRecord
from resnet_viz.figures.footing_words import unequal_footing
from resnet_viz.jobs.job import Job
from resnet_viz.records import CheckpointComparison, CheckpointReport, Tier
from resnet_viz.ui.debug.checkpoint_choice import (
    CheckpointId,
    choose_against,
    choose_copy,
    is_other_copy,
    with_other_copy,
)
from resnet_viz.ui.debug.diagnosis_jobs import answer, begin, diagnosis_of
from resnet_viz.ui.debug.diagnosis_view import Place, draw_report, show_verdict
from resnet_viz.ui.debug.images_choice import ImagesId
from resnet_viz.ui.debug.repair_panel import show_repair
from resnet_viz.ui.debug.stress_panel import show_stress
from resnet_viz.ui.debug.two_checkpoints import show_beside
from resnet_viz.ui.debug.xray_panel import show_answers, show_xray
from resnet_viz.ui.frame.engines import diagnoses
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import LAST_REPORT
from resnet_viz.ui.frame.words import md_escape


def show_diagnoses(chosen: list[CheckpointId], images: ImagesId, text: Text) -> None:
    """Show one report, or two side by side and their comparison."""
    if not chosen:
        st.info(text("debug.empty"))
        return
    chosen = with_other_copy(chosen)
    places = [st.container()] if len(chosen) == 1 else st.columns(2)
    jobs = [diagnosis_of([checkpoint], images) for checkpoint in chosen]
    for number, job in enumerate(jobs):
        begin(job, str(number), text)
    reports, offered = [], set[tuple[Path, str]]()
    for number, (checkpoint, job, place) in enumerate(zip(chosen, jobs, places, strict=True)):
        with place:
            where = Place(checkpoint.path, number, offered)
            reports.append(_show_one(job, checkpoint, images, where, text))
    if len(reports) == 2 and reports[0] is not None and reports[1] is not None:
        _show_both(chosen, images, (reports[0], reports[1]), text)


def _show_one(
    job: Job[DiagnosisRecord],
    checkpoint: CheckpointId,
    images: ImagesId,
    place: Place,
    text: Text,
) -> CheckpointReport | None:
    """Show the report; after an error, its sentence and the last valid report."""
    last = LAST_REPORT[str(place.number)]
    try:
        report = answer(job, str(place.number), md_escape(checkpoint.name), text)
    except ResnetVizError as error:
        show_error(error, text)
    else:
        if isinstance(report, CheckpointReport):
            last.set((job.key, place.path))
            if report.copies and not is_other_copy(checkpoint):
                second = place.number > 0
                choose_copy(report.copies, report.copy, place.path, second=second, text=text)
                if not second:
                    choose_against(report.copies, report.copy, place.path, text)
            show_verdict(report, text)
            show_xray(report, place.number, text)
            if report.xray is not None:
                show_answers(report.xray, place.number, text)
            draw_report(report, place, text)
            show_repair(checkpoint, images, place.number, text)
            if report.identified.tier is Tier.NETWORK:
                show_stress(checkpoint, images, place.number, text)
            return report
    before, path = last.get() or ((), Path())
    last_report = diagnoses().result(before)
    if isinstance(last_report, CheckpointReport):
        show_verdict(last_report, text)
        draw_report(last_report, replace(place, path=path), text)
    return None


def _show_both(
    chosen: list[CheckpointId],
    images: ImagesId,
    reports: tuple[CheckpointReport, CheckpointReport],
    text: Text,
) -> None:
    name = text("beside.title", first=md_escape(chosen[0].name), second=md_escape(chosen[1].name))
    footings = [(checkpoint.name, file_footing(checkpoint.path)) for checkpoint in chosen]
    if unequal := unequal_footing(footings, text):
        st.caption(md_escape(unequal))
    compared = None
    try:
        compared = answer(diagnosis_of(chosen, images), "both", name, text)
    except ResnetVizError as error:
        show_error(error, text)
    show_beside(reports, compared if isinstance(compared, CheckpointComparison) else None, text)
