"""The Debug page below its drop zone: one report, or two beside each other."""

import tempfile
from collections.abc import Callable
from pathlib import Path, PurePath

import streamlit as st

from resnet_viz.checkpoints.container import container
from resnet_viz.diagnosis.worker import Order, WeightsFile
from resnet_viz.errors import ResnetVizError
from resnet_viz.records import CheckpointReport, CheckpointsBeside
from resnet_viz.text import Text
from resnet_viz.ui.beside_view import show_beside
from resnet_viz.ui.checkpoint_choice import CheckpointId
from resnet_viz.ui.diagnosing import Prepare, awaited, begin, diagnoses
from resnet_viz.ui.image_source import ImagesId, remove
from resnet_viz.ui.messages import show_error
from resnet_viz.ui.report_view import draw_report
from resnet_viz.ui.words import md_escape

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
    reports = []
    for number, (checkpoint, place) in enumerate(zip(chosen, places, strict=True)):
        with place:
            reports.append(_show_one(checkpoint, images, number, text))
    if len(reports) == 2 and reports[0] is not None and reports[1] is not None:
        _show_both(chosen, images, (reports[0], reports[1]), text)


def _show_one(
    checkpoint: CheckpointId, images: ImagesId, number: int, text: Text
) -> CheckpointReport | None:
    """The report; a bad file gets its sentence, and the last good report stays."""
    key, last = _key(checkpoint, images), f"{_LAST_GOOD}_{number}"
    prepare = _prepare([checkpoint], images)
    answer = awaited(key, prepare, str(number), md_escape(checkpoint.name), text)
    if isinstance(answer, CheckpointReport):
        st.session_state[last] = key
        draw_report(answer, number, text)
        return answer
    if isinstance(answer, ResnetVizError):
        show_error(answer, text)
    kept = diagnoses().known(st.session_state.get(last))
    if isinstance(kept, CheckpointReport):
        draw_report(kept, number, text)
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
    return (*checkpoint.key, images.source, images.place, images.digest)


def _prepare(chosen: list[CheckpointId], images: ImagesId) -> Prepare:
    """What writes the files that a worker reads, and what removes them.

    Uploads are read from the session now, in the page's thread; the bytes are written later.
    """
    data = [_bytes(checkpoint) for checkpoint in chosen]
    put = images.put()

    def prepare() -> tuple[Order, Callable[[], None]]:
        folder = Path(tempfile.mkdtemp(prefix="checkpoint."))
        place: Path | None = None

        def tidy() -> None:
            remove(folder)
            remove(place)

        try:
            files = [
                _written(c, d, folder, n) for n, (c, d) in enumerate(zip(chosen, data, strict=True))
            ]
            where, place = put.written()
        except BaseException:
            tidy()
            raise
        second = files[1] if len(files) > 1 else None
        name = "" if where == images.place else images.name
        return Order(files[0], second, images=where, images_name=name), tidy

    return prepare


def _bytes(checkpoint: CheckpointId) -> "memoryview | bytes":
    upload = st.session_state.get(checkpoint.upload) if checkpoint.upload else None
    return b"" if upload is None else upload.getbuffer()


def _written(
    checkpoint: CheckpointId, data: "memoryview | bytes", folder: Path, number: int
) -> WeightsFile:
    """The file for the worker; what its first bytes and its directory condemn is refused at once.

    Nothing is unpickled here: ``container`` reads the first bytes, and a header or a directory.
    """
    if checkpoint.path:
        return WeightsFile(checkpoint.path, checkpoint.name, checkpoint.network)
    suffix = PurePath(checkpoint.name).suffix
    path = folder / f"{number}{suffix if suffix.isascii() else ''}"
    path.write_bytes(data)
    try:
        if len(data) <= _LOOKED_INTO:
            container(path)
    except ResnetVizError as error:
        raise type(error)(error.code, **{**error.values, "name": checkpoint.name}) from error
    return WeightsFile(str(path), checkpoint.name, checkpoint.network)
