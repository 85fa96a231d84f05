"""What a checkpoint is looked at with: bundled photographs, a data set, or the user's own."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.text import Text
from resnet_viz.diagnosis.user_images import MOST_LABELLED, local_datasets
from resnet_viz.pictures.decode import safe_name
from resnet_viz.ui.frame.address import publish, restore

_KEY = "looked_at"
_PICTURES, _ZIP = "own_pictures", "own_zip"  # keys of the uploaders
_MOST_MEGABYTES = {"picture": 20, "zip": 200}


class Source(StrEnum):
    """Where images come from, beside the data sets that have a name."""

    BUNDLED = "bundled"
    PICTURES = "pictures"
    ZIP = "zip"


@dataclass(frozen=True)
class ImagesId:
    """Images by what they are: ``place`` is a data set's name; ``digest`` that of uploads."""

    source: str = Source.BUNDLED
    place: str = ""
    digest: str = ""
    name: str = ""

    def put(self) -> "PutImages":
        """The images as a place that a worker can read; call it in the page's thread."""
        files = {
            Source.PICTURES: _uploads(_PICTURES),
            Source.ZIP: _uploads(_ZIP),
        }.get(Source(self.source) if self.source in set(Source) else Source.BUNDLED, [])
        return PutImages(self, [(file.name, file.getbuffer()) for file in files])


@dataclass(frozen=True, eq=False)
class PutImages:
    """Images that are about to be written where a worker finds them."""

    images: ImagesId
    files: Sequence[tuple[str, memoryview]]

    def written(self) -> tuple[str, Path | None]:
        """The place, and the folder to be removed afterwards."""
        if not self.files:
            return self.images.place, None
        folder = Path(tempfile.mkdtemp(prefix="images."))
        if self.images.source == Source.ZIP:
            (folder / "images.zip").write_bytes(self.files[0][1])
            return str(folder / "images.zip"), folder
        inside = folder / "pictures"
        inside.mkdir()
        for number, (name, data) in enumerate(self.files):
            suffix = Path(safe_name(name)).suffix[:8]
            (inside / f"{number:04}{suffix if suffix.isascii() else ''}").write_bytes(data)
        return str(inside), folder


def remove(folder: Path | None) -> None:
    """What was written for a worker."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def choose_images(text: Text) -> ImagesId:
    """What to look at; the bundled photographs until something else is there."""
    named = local_datasets()
    options = [Source.BUNDLED, *named, Source.PICTURES, Source.ZIP]
    restore(_KEY, options, Source.BUNDLED)
    chosen = str(
        st.selectbox(
            text("debug.images"),
            options,
            format_func=lambda name: text(f"image_sources.{name}"),
            key=_KEY,
            help=text("debug.images_help", most=MOST_LABELLED),
        )
    )
    publish(_KEY, Source.BUNDLED)
    match chosen:
        case Source.PICTURES:
            return _pictures(text)
        case Source.ZIP:
            return _zip(text)
        case Source.BUNDLED:
            return ImagesId()
        case name:
            return ImagesId(source=name, place=name, name=name)


def _pictures(text: Text) -> ImagesId:
    st.file_uploader(
        text("debug.pictures"),
        key=_PICTURES,
        accept_multiple_files=True,
        max_upload_size=_MOST_MEGABYTES["picture"],
    )
    files = _uploads(_PICTURES)
    if not files:
        return ImagesId()
    name = text("debug.pictures_name", count=len(files))
    return ImagesId(Source.PICTURES, digest=_digest(files), name=name)


def _zip(text: Text) -> ImagesId:
    st.file_uploader(text("debug.zip"), key=_ZIP, help=text("debug.zip_help"),
                     max_upload_size=_MOST_MEGABYTES["zip"])  # fmt: skip
    files = _uploads(_ZIP)
    if not files:
        return ImagesId()
    return ImagesId(Source.ZIP, digest=_digest(files), name=safe_name(files[0].name))


def _uploads(key: str) -> list[UploadedFile]:
    found = st.session_state.get(key)
    return [] if found is None else list(found) if isinstance(found, list) else [found]


def _digest(files: Sequence[UploadedFile]) -> str:
    whole = blake2b(digest_size=16)
    for file in files:
        whole.update(blake2b(file.getbuffer(), digest_size=16).digest())
    return whole.hexdigest()
