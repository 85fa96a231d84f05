"""The choice of a picture: bundled samples, an upload, or the camera; the last action wins."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.errors import ImageError
from resnet_viz.core.text import Text
from resnet_viz.pictures.decode import Picture, open_picture
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, photo
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.ui.frame.components.clickable_picture import Point
from resnet_viz.ui.frame.components.clickable_picture import picture as clickable_picture
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import (
    CAMERA,
    OWN_PICTURE,
    PICTURE_ERROR,
    REPLACED_PICTURE,
    SAMPLE,
    UPLOAD,
    Key,
)

_TILE, _COLUMNS, _GAP = 96, 4, 6  # pixels, tiles, pixels


@dataclass(frozen=True)
class PictureId:
    """A bundled sample by name, or the user's picture by digest."""

    sample: str = ""
    digest: str = ""
    name: str = ""


def find_picture(place: PictureId) -> Picture | None:
    """Return the picture, or None if it has been evicted from the results."""
    if place.sample:
        return sample_picture(place.sample)
    picture = results().result(("picture", place))
    return picture if isinstance(picture, Picture) else None


def choose_picture(text: Text) -> PictureId:
    """Ask for a picture; a bad upload shows an error and changes nothing."""
    _tiles(text)
    names = list(samples())
    SAMPLE.restore(names, names[0])
    chosen = st.selectbox(
        text("picture.sample"),
        names,
        format_func=lambda name: samples()[name].titles[text.language],
        key=SAMPLE.name,
        on_change=_use_sample,
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
    own: PictureId | None = OWN_PICTURE.get()
    if own is not None and find_picture(own) is not None:
        return own
    return PictureId(sample=chosen or names[0])


def use_picture(picture: Picture) -> None:
    """Make this the page's picture, as if it had been uploaded."""
    _forget(PICTURE_ERROR, REPLACED_PICTURE)
    place = PictureId(digest=picture.digest, name=picture.name)
    results().put(("picture", place), picture, picture.pixels.nbytes)
    OWN_PICTURE.set(place)


def _tiles(text: Text) -> None:
    names = list(samples())

    def pick(point: Point) -> None:
        rows = -(-len(names) // _COLUMNS)
        number = int(point.y * rows) * _COLUMNS + int(point.x * _COLUMNS)
        if number < len(names):
            SAMPLE.set(names[number])
            _use_sample()

    clickable_picture(
        _tiles_uri(), alt=text("picture.tiles_alt"), key="tiles", on_pick=pick, smooth=True
    )


@cache
def _tiles_uri() -> str:
    names = list(samples())
    rows = -(-len(names) // _COLUMNS)
    size = _TILE + _GAP
    sheet = np.zeros((rows * size - _GAP, _COLUMNS * size - _GAP, 4), np.uint8)
    for number, name in enumerate(names):
        top, left = number // _COLUMNS * size, number % _COLUMNS * size
        tile = photo(sample_picture(name), CIFAR_PREPROCESSING, _TILE)
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
    place = PictureId(digest=picture.digest, name=picture.name)
    results().put(("picture", place), picture, picture.pixels.nbytes)
    OWN_PICTURE.set(place)


def _forget(*keys: Key[Any]) -> None:
    for key in keys:
        key.pop()
