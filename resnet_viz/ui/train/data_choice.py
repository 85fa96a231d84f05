"""The choice of training data: a named data set, a ZIP, or class folders."""

from pathlib import Path

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.datasets.load_dataset import known_datasets
from resnet_viz.ui.choose.uploads import kept_file, kept_zip
from resnet_viz.ui.frame.messages import told
from resnet_viz.ui.frame.session import TRAIN_DATA, TRAIN_FOLDER, TRAIN_UPLOAD, TRAIN_ZIP

_ZIP, _FOLDER = "own", "folder"
_MOST_MEGABYTES = 200  # of an upload


def ask_data(text: Text) -> str | None:
    """Return a data set's name or the path of an upload; None until something is uploaded."""
    names = [*known_datasets(), _ZIP, _FOLDER]
    TRAIN_DATA.restore(names, "digits")
    data = st.selectbox(
        text("train.data"),
        names,
        format_func=lambda name: text(f"train.data_{name}"),
        key=TRAIN_DATA.name,
    )
    TRAIN_DATA.publish("digits")
    if data not in (_ZIP, _FOLDER):
        return data
    st.file_uploader(
        text(f"train.upload_{data}"),
        key=(TRAIN_FOLDER if data == _FOLDER else TRAIN_ZIP).name,
        accept_multiple_files="directory" if data == _FOLDER else False,
        on_change=_keep_folder if data == _FOLDER else _keep_zip,
        args=(text,),
        max_upload_size=_MOST_MEGABYTES,
        help=text("train.upload_help"),
    )
    path = TRAIN_UPLOAD[data].get()
    return path if path and Path(path).is_file() else None


def _keep_zip(text: Text) -> None:
    upload = TRAIN_ZIP.get()
    with told(text):
        _remember(_ZIP, None if upload is None else kept_file(upload))


def _keep_folder(text: Text) -> None:
    uploads = TRAIN_FOLDER.get()
    with told(text):
        _remember(_FOLDER, kept_zip(uploads) if uploads else None)


def _remember(kind: str, path: Path | None) -> None:
    TRAIN_UPLOAD[kind].set(None if path is None else str(path))
