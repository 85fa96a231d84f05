"""Uploads as files, where a worker finds them after the session is gone.

A file lies in a folder named after its content, so equal uploads are one file and no name leads
anywhere else. Uploads that no run uses go after a week, and the oldest of them earlier when there
are too many bytes.
"""

import io
import os
import re
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path, PurePath

from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.places import home
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.ui.frame.session import UPLOADS

_UNUSED_SECONDS = 7 * 24 * 3600
_MOST_BYTES = 2_000_000_000  # of all uploads that no run uses
_LOCK = threading.Lock()


def kept_file(upload: UploadedFile) -> Path:
    """An upload as a file of its own name."""
    return _written(upload.name, [upload], lambda: keep(upload.getbuffer(), upload.name))


def kept_zip(uploads: Sequence[UploadedFile]) -> Path:
    """Several files, or a folder's, as one ZIP of their paths; a single ZIP as it is."""
    first = uploads[0].name
    if len(uploads) == 1 and first.lower().endswith(".zip"):
        return kept_file(uploads[0])
    return _written(
        "zip", uploads, lambda: keep(_packed(uploads), f"{first.partition('/')[0]}.zip")
    )


def kept_pictures(uploads: Sequence[UploadedFile]) -> Path:
    """Several files as a folder; they are numbered, and of each name the suffix stays."""
    return _written("pictures", uploads, lambda: _keep_numbered(uploads))


def keep(content: "memoryview | bytes", name: str) -> Path:
    """Bytes as a file; letters, digits, dots and dashes of the name stay."""
    plain_name = re.sub(r"[^\w.-]+", "_", PurePath(name).name).strip(".")[-60:] or "upload"
    folder = _folder(_digest(content))
    _fill(folder, plain_name, len(content), lambda path: path.write_bytes(content))
    return folder / plain_name


def _keep_numbered(uploads: Sequence[UploadedFile]) -> Path:
    files = [(_suffix(upload.name), upload.getbuffer()) for upload in uploads]
    folder = _folder(_digest(*(part for suffix, data in files for part in (suffix.encode(), data))))

    def write(path: Path) -> None:
        path.mkdir()
        for number, (suffix, data) in enumerate(files):
            (path / f"{number:04}{suffix}").write_bytes(data)

    _fill(folder, "pictures", sum(len(data) for _, data in files), write)
    return folder / "pictures"


def _written(kind: str, uploads: Sequence[UploadedFile], write: Callable[[], Path]) -> Path:
    """The path of these uploads; they are written once in a session, and again if they are gone."""
    paths: dict[tuple[str, ...], Path] = UPLOADS.setdefault({})
    key = (kind, *(upload.file_id for upload in uploads))
    if key not in paths or not paths[key].exists():
        paths[key] = write()
    return paths[key]


def _fill(folder: Path, name: str, size: int, write: Callable[[Path], object]) -> None:
    """Write ``name`` whole or not at all, unless it is there; the folder's time says when used."""
    with _LOCK:
        if not (folder / name).exists():
            _make_room(folder.parent, size)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=folder) as partial:
                write(Path(partial, name))
                Path(partial, name).rename(folder / name)
        os.utime(folder)


def _make_room(uploads: Path, needed: int) -> None:
    """Remove what no run uses and is old, or too much."""
    in_runs = str([run.config for run in RunStore().listed()])
    unused = [folder for folder in uploads.glob("*") if folder.name not in in_runs]
    sizes = {folder: sum(path.stat().st_size for path in _files(folder)) for folder in unused}
    total = sum(sizes.values()) + needed
    for folder in sorted(unused, key=lambda folder: folder.stat().st_mtime):
        old = time.time() - folder.stat().st_mtime > _UNUSED_SECONDS
        if old or total > _MOST_BYTES:
            total -= sizes[folder]
            shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _folder(digest: str) -> Path:
    return home() / "uploads" / digest


def _digest(*parts: "memoryview | bytes") -> str:
    """Of one content its digest; of several the digest of theirs."""
    if len(parts) == 1:
        return blake2b(parts[0], digest_size=12).hexdigest()
    return blake2b("".join(map(_digest, parts)).encode(), digest_size=12).hexdigest()


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 8 else ""


def _packed(uploads: Sequence[UploadedFile]) -> bytes:
    """A ZIP in which every file has the same date, so that equal uploads give equal bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for upload in sorted(uploads, key=lambda one: one.name):
            archive.writestr(zipfile.ZipInfo(upload.name), upload.getvalue())
    return packed.getvalue()
