"""Uploads as files, so that a worker can read them after the session has ended.

Each file is in a folder named after its content, so equal uploads are stored once and a file name
cannot lead elsewhere. Uploads that no run uses are deleted after a week, or earlier, oldest first,
when they exceed the size limit.
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
    """Store an upload under its own name."""
    return _written(upload.name, [upload], lambda: keep(upload.getbuffer(), upload.name))


def kept_zip(uploads: Sequence[UploadedFile]) -> Path:
    """Store several files, or those of a folder, as one ZIP; a single ZIP is stored unchanged."""
    first = uploads[0].name
    if len(uploads) == 1 and first.lower().endswith(".zip"):
        return kept_file(uploads[0])
    return _written(
        "zip", uploads, lambda: keep(_packed(uploads), f"{first.partition('/')[0]}.zip")
    )


def kept_pictures(uploads: Sequence[UploadedFile]) -> Path:
    """Store several files in one folder, numbered; only the suffix of each name is kept."""
    return _written("pictures", uploads, lambda: _keep_numbered(uploads))


def keep(content: "memoryview | bytes", name: str) -> Path:
    """Store bytes as a file; keeps letters, digits, dots and dashes of the name."""
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
    """Return the path of these uploads; writes once per session, and again if the file is gone."""
    paths: dict[tuple[str, ...], Path] = UPLOADS.setdefault({})
    key = (kind, *(upload.file_id for upload in uploads))
    if key not in paths or not paths[key].exists():
        paths[key] = write()
    return paths[key]


def _fill(folder: Path, name: str, size: int, write: Callable[[Path], object]) -> None:
    """Write ``name`` completely or not at all, unless it is there; mark the folder as used."""
    with _LOCK:
        if not (folder / name).exists():
            _make_room(folder.parent, size)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=folder) as partial:
                write(Path(partial, name))
                Path(partial, name).rename(folder / name)
        os.utime(folder)


def _make_room(uploads: Path, needed: int) -> None:
    """Delete uploads that no run uses: old ones, and the oldest beyond the size limit."""
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
    """Return the digest of one content, or of the digests of several."""
    if len(parts) == 1:
        return blake2b(parts[0], digest_size=12).hexdigest()
    return blake2b("".join(map(_digest, parts)).encode(), digest_size=12).hexdigest()


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 8 else ""


def _packed(uploads: Sequence[UploadedFile]) -> bytes:
    """Return a ZIP whose members share one date, so that equal uploads give equal bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for upload in sorted(uploads, key=lambda one: one.name):
            archive.writestr(zipfile.ZipInfo(upload.name), upload.getvalue())
    return packed.getvalue()
