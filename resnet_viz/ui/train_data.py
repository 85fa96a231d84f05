"""What to learn from: a known data set, an uploaded ZIP, or a folder of class folders."""

import re
import zipfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path, PurePath

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.places import home
from resnet_viz.text import Text
from resnet_viz.training.data import known_datasets
from resnet_viz.ui.address import publish, restore

_ZIP, _FOLDER = "own", "folder"
_MOST_MEGABYTES = 200  # of an upload


def ask_data(text: Text) -> str | None:
    """The name of a data set, or the path of what was uploaded; None while nothing is."""
    names = [*known_datasets(), _ZIP, _FOLDER]
    restore("data", names, "digits")
    data = st.selectbox(
        text("train.data"), names, format_func=lambda name: text(f"train.data_{name}"), key="data"
    )
    publish("data", "digits")
    if data not in (_ZIP, _FOLDER):
        return data
    key = f"train_{data}"
    st.file_uploader(
        text(f"train.upload_{data}"),
        key=key,
        accept_multiple_files="directory" if data == _FOLDER else False,
        on_change=_keep_folder if data == _FOLDER else _keep_zip,
        max_upload_size=_MOST_MEGABYTES,
        help=text("train.upload_help"),
    )
    kept: str | None = st.session_state.get(f"{key}_path")
    return kept if kept and Path(kept).is_file() else None


def kept_upload(content: bytes, name: str) -> Path:
    """An upload as a file where a worker finds it: its own name, in a folder of its content."""
    path = _place(blake2b(content, digest_size=12).hexdigest(), name)
    path.write_bytes(content)
    return path


def _place(digest: str, name: str) -> Path:
    """Letters, digits, dots and dashes of the name are kept; it can lead nowhere else."""
    folder = home() / "uploads" / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder / (re.sub(r"[^\w.-]+", "_", PurePath(name).name).strip(".")[-60:] or "upload")


def _keep_zip() -> None:
    upload = st.session_state.get(f"train_{_ZIP}")
    _remember(_ZIP, None if upload is None else kept_upload(upload.getvalue(), upload.name))


def _keep_folder() -> None:
    uploads = st.session_state.get(f"train_{_FOLDER}")
    _remember(_FOLDER, _packed(uploads) if uploads else None)


def _remember(kind: str, path: Path | None) -> None:
    st.session_state[f"train_{kind}_path"] = None if path is None else str(path)


def _packed(uploads: Sequence[UploadedFile]) -> Path:
    """A folder's files as a ZIP of their paths: one reader, with its checks, for both."""
    digest = blake2b(digest_size=12)
    for upload in uploads:
        digest.update(f"{upload.name}\0{upload.size}\0".encode())
        digest.update(upload.getbuffer())
    path = _place(digest.hexdigest(), f"{uploads[0].name.partition('/')[0]}.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for upload in uploads:
            archive.writestr(upload.name, upload.getvalue())
    return path
