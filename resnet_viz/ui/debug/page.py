"""The Debug page below its drop zone: one report, or two beside each other."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from resnet_viz.checkpoints.reading.file_kinds import container
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.sandbox import Order, WeightsFile
from resnet_viz.records import CheckpointReport, CheckpointsBeside
from resnet_viz.ui.debug.checkpoint_choice import CheckpointId
from resnet_viz.ui.debug.diagnosing import Prepare, awaited, begin, diagnoses
from resnet_viz.ui.debug.diagnosis_view import Place, draw_report
from resnet_viz.ui.debug.images_choice import ImagesId, Source
from resnet_viz.ui.debug.two_checkpoints import show_beside
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.words import md_escape

_LOOKED_INTO = 4_000_000  # bytes; the directory of a larger file is for the worker
_LAST_GOOD = "last_good_checkpoint"


def show(chosen: list[CheckpointId], images: ImagesId, text: Text) -> None:
    """One report, or two side by side and what they have in common."""
    if not chosen:
        st.info(text("debug.empty"))
        return
    places = [st.container()] if len(chosen) == 1 else st.columns(2)
    for number, checkpoint in enumerate(chosen):
        begin(_key(checkpoint, images), _prepare([checkpoint], images), str(number))
    reports, offered = [], set[tuple[Path, str]]()
    for number, (checkpoint, place) in enumerate(zip(chosen, places, strict=True)):
        with place:
            where = Place(checkpoint.path, number, offered)
            reports.append(_show_one(checkpoint, images, where, text))
    if len(reports) == 2 and reports[0] is not None and reports[1] is not None:
        _show_both(chosen, images, (reports[0], reports[1]), text)


def _show_one(
    checkpoint: CheckpointId, images: ImagesId, place: Place, text: Text
) -> CheckpointReport | None:
    """The report; a bad file gets its sentence, and the last good report stays."""
    key, last = _key(checkpoint, images), f"{_LAST_GOOD}_{place.number}"
    prepare = _prepare([checkpoint], images)
    answer = awaited(key, prepare, str(place.number), md_escape(checkpoint.name), text)
    if isinstance(answer, CheckpointReport):
        st.session_state[last] = (key, place.path)
        draw_report(answer, place, text)
        return answer
    if isinstance(answer, ResnetVizError):
        show_error(answer, text)
    before, path = st.session_state.get(last, ((), Path()))
    known = diagnoses().known(before)
    if isinstance(known, CheckpointReport):
        draw_report(known, replace(place, path=path), text)
    return None


def _show_both(
    chosen: list[CheckpointId],
    images: ImagesId,
    reports: tuple[CheckpointReport, CheckpointReport],
    text: Text,
) -> None:
    key = ("beside", *_key(chosen[0], images), *_key(chosen[1], images))
    name = text("beside.title", first=md_escape(chosen[0].name), second=md_escape(chosen[1].name))
    answer = awaited(key, _prepare(chosen, images), "both", name, text)
    if isinstance(answer, ResnetVizError):
        show_error(answer, text)
    show_beside(reports, answer if isinstance(answer, CheckpointsBeside) else None, text)


def _key(checkpoint: CheckpointId, images: ImagesId) -> tuple[str, ...]:
    return (*checkpoint.key, images.source, images.place)


def _prepare(chosen: list[CheckpointId], images: ImagesId) -> Prepare:
    """What checks the files and orders the diagnosis; runs beside the page."""

    def prepare() -> Order:
        files = [_file(checkpoint) for checkpoint in chosen]
        second = files[1] if len(files) > 1 else None
        uploaded = images.source in (Source.PICTURES, Source.ZIP)
        return Order(
            files[0], second, images=images.place, images_name=images.name if uploaded else ""
        )

    return prepare


def _file(checkpoint: CheckpointId) -> WeightsFile:
    """The file for the worker; what its first bytes and its directory condemn is refused at once.

    Nothing is unpickled here: ``container`` reads the first bytes, and a header or a directory.
    """
    path = checkpoint.path
    try:
        if not path.is_file() or path.stat().st_size <= _LOOKED_INTO:
            container(path)
    except ResnetVizError as error:
        raise type(error)(error.code, **{**error.values, "name": checkpoint.name}) from error
    return WeightsFile(str(path), checkpoint.name, checkpoint.network)
