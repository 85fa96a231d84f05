"""Uploads as files, where a worker finds them after the session is gone."""

import io
import os
import re
import shutil
import time
import zipfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path, PurePath

from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.places import home
from resnet_viz.jobs.queue.run_store import RunStore

_KEPT_SECONDS = 7 * 24 * 3600  # of an upload that no run uses


def kept_upload(content: bytes, name: str) -> Path:
    """An upload under its own name, in a folder named after its content.

    Letters, digits, dots and dashes of the name are kept; it can lead nowhere else. Uploads that no
    run uses are removed after a week.
    """
    folder = home() / "uploads" / blake2b(content, digest_size=12).hexdigest()
    path = folder / (re.sub(r"[^\w.-]+", "_", PurePath(name).name).strip(".")[-60:] or "upload")
    if not path.is_file():
        _forget_old(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / ".partial"
        partial.write_bytes(content)
        partial.replace(path)
    os.utime(folder)
    return path


def packed_uploads(uploads: Sequence[UploadedFile]) -> Path:
    """Several files, or a folder's, as one ZIP of their paths; a single ZIP as it is.

    So one reader, with its checks, is enough for all.
    """
    first = uploads[0].name
    if len(uploads) == 1 and first.lower().endswith(".zip"):
        return kept_upload(uploads[0].getvalue(), first)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for upload in sorted(uploads, key=lambda one: one.name):
            member = zipfile.ZipInfo(upload.name)  # of one date, so that equal uploads are one file
            archive.writestr(member, upload.getvalue())
    return kept_upload(packed.getvalue(), f"{first.partition('/')[0]}.zip")


def _forget_old(uploads: Path) -> None:
    """Remove what lies here for long and is used by no run."""
    used = str([run.config for run in RunStore().listed()])
    for folder in uploads.glob("*"):
        if folder.name not in used and time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
