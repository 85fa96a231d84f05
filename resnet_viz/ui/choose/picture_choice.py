"""The choice of a picture: bundled samples, an upload, or the camera; the last action wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.errors import ImageError
from resnet_viz.core.text import Text
from resnet_viz.datasets.dataset_pictures import LabelledPicture
from resnet_viz.pictures.decode import Picture, open_picture, to_png
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, photo
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.ui.frame.components.clickable_picture import Point
from resnet_viz.ui.frame.components.clickable_picture import picture as clickable_picture
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import (
    CAMERA,
    OWN_FILES,
    OWN_PICTURE,
    PICTURE_ERROR,
    REPLACED_PICTURE,
    SAMPLE,
    UPLOAD,
    Key,
)
from resnet_viz.ui.frame.words import class_label

_TILE, _GAP = 96, 6  # pixels
_MOST_KEPT = 3_000_000  # bytes of a picture's file that a tab keeps; else the PNG of what is seen
_FEW, _COLUMNS, _MORE_COLUMNS = 8, 4, 5  # tiles


@dataclass(frozen=True)
class PictureId:
    """A sample by name, or the user's picture by digest.

    A sample of a data set has the beginning of its digest as name, and the digest too.
    """

    sample: str = ""
    digest: str = ""
    name: str = ""


@dataclass(frozen=True)
class _Offered:
    place: PictureId
    title: str


def find_picture(place: PictureId) -> Picture | None:
    """Return the picture; None if it is nowhere any more.

    A visitor's own picture is kept by its tab, as a file, and read again if the shared results had
    no room for its pixels.
    """
    if place.sample and not place.digest:
        return sample_picture(place.sample)
    picture = results().result(("picture", place))
    if isinstance(picture, Picture):
        return picture
    name, content = OWN_FILES.get().get(place.digest, ("", b""))
    if not content:
        return None
    again = open_picture(content, name)
    results().put(("picture", place), again, again.pixels.nbytes)
    return again


def choose_picture(text: Text, own: Sequence[LabelledPicture] = ()) -> PictureId:
    """Ask for a picture; a bad upload shows an error and changes nothing.

    With ``own``, the samples are these pictures of a data set instead of the bundled photographs.
    """
    offered = _of_dataset(own, text) if own else _photographs(text)
    names = list(offered)
    _tiles(offered, text)
    SAMPLE.restore(names, names[0])
    chosen = st.selectbox(
        text("picture.sample"),
        names,
        format_func=lambda name: offered[name].title,
        key=SAMPLE.name,
        on_change=_use_sample,
        persist_state="session",
    )
    SAMPLE.publish(names[0])
    # No list of suffixes: Streamlit answers a wrong one with an exception, we with a sentence.
    st.file_uploader(
        text("picture.upload"),
        key=UPLOAD.name,
        on_change=_use_upload,
        args=(UPLOAD,),
        max_upload_size=20,
    )
    if st.toggle(text("picture.camera"), key="camera_on"):
        st.camera_input(
            text("picture.camera"),
            key=CAMERA.name,
            on_change=_use_upload,
            args=(CAMERA,),
            label_visibility="collapsed",
        )
    if error := PICTURE_ERROR.get():
        show_error(error, text)
    uploaded: PictureId | None = OWN_PICTURE.get()
    if uploaded is not None:
        return uploaded  # if it is gone, the page says so
    return offered[chosen or names[0]].place


def use_picture(picture: Picture) -> None:
    """Make this the page's picture, as if it had been uploaded."""
    _forget(PICTURE_ERROR, REPLACED_PICTURE)
    _keep(picture, to_png(picture.pixels))


def _keep(picture: Picture, content: bytes) -> None:
    """Make this the page's picture, and keep its file, or the smaller PNG of what is seen of it.

    The tab keeps two: the one before comes back if the next one is refused.
    """
    place = PictureId(digest=picture.digest, name=picture.name)
    results().put(("picture", place), picture, picture.pixels.nbytes)
    if len(content) > _MOST_KEPT:
        content = to_png(picture.pixels)
    before: PictureId | None = OWN_PICTURE.get()
    files = OWN_FILES.get()
    kept = {before.digest: files[before.digest]} if before and before.digest in files else {}
    OWN_FILES.set({**kept, picture.digest: (picture.name, content)})
    OWN_PICTURE.set(place)


def _photographs(text: Text) -> dict[str, _Offered]:
    return {
        name: _Offered(PictureId(sample=name), sample.titles[text.language])
        for name, sample in samples().items()
    }


def _of_dataset(own: Sequence[LabelledPicture], text: Text) -> dict[str, _Offered]:
    """Return the samples by the beginning of their digests, which an address can hold."""
    offered = {}
    for one in own:
        name, picture = one.picture.digest[:12], one.picture
        place = PictureId(sample=name, digest=picture.digest, name=picture.name)
        results().put(("picture", place), picture, picture.pixels.nbytes)
        number = picture.name.removeprefix(one.label).strip()
        title = text("picture.of_class", label=class_label(one.label, text), number=number)
        offered[name] = _Offered(place, title)
    return offered


def _tiles(offered: dict[str, _Offered], text: Text) -> None:
    names = list(offered)
    columns = _COLUMNS if len(names) <= _FEW else _MORE_COLUMNS

    def pick(point: Point) -> None:
        rows = -(-len(names) // columns)
        number = int(point.y * rows) * columns + int(point.x * columns)
        if number < len(names):
            SAMPLE.set(names[number])
            _use_sample()

    places = tuple(one.place for one in offered.values())
    sheet = results().cached(
        ("tiles", places), lambda: _sheet(places, columns), size=4 * _TILE**2 * len(places)
    )
    alt = text("picture.tiles_alt")
    clickable_picture(sheet, alt=alt, key="tiles", on_pick=pick, smooth=True)


def _sheet(places: Sequence[PictureId], columns: int) -> str:
    """Return all samples side by side as a data URI."""
    rows = -(-len(places) // columns)
    size = _TILE + _GAP
    sheet = np.zeros((rows * size - _GAP, columns * size - _GAP, 4), np.uint8)
    for number, place in enumerate(places):
        picture = find_picture(place)
        if picture is None:  # evicted this instant: its tile stays empty
            continue
        top, left = number // columns * size, number % columns * size
        tile = photo(picture, CIFAR_PREPROCESSING, _TILE)
        sheet[top : top + _TILE, left : left + _TILE, :3] = tile
        sheet[top : top + _TILE, left : left + _TILE, 3] = 255
    return data_uri(sheet)


def _use_sample() -> None:
    _forget(OWN_PICTURE, PICTURE_ERROR, REPLACED_PICTURE)


def _use_upload(key: Key[Any]) -> None:
    """Check an upload when it arrives; keep its pixels in the results and its id in the session.

    Streamlit announces a replaced file as a removal first. If the new file is bad, the previous
    picture stays.
    """
    upload: UploadedFile | None = key.get()
    _forget(PICTURE_ERROR)
    if upload is None:
        REPLACED_PICTURE.set(OWN_PICTURE.pop())
        return
    before = REPLACED_PICTURE.pop() or OWN_PICTURE.get()
    try:
        picture = open_picture(upload.getvalue(), upload.name)
    except ImageError as error:
        PICTURE_ERROR.set(error)
        OWN_PICTURE.set(before)
        return
    OWN_PICTURE.set(before)
    _keep(picture, upload.getvalue())


def _forget(*keys: Key[Any]) -> None:
    for key in keys:
        key.pop()
