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
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path, PurePath

from streamlit.runtime.uploaded_file_manager import UploadedFile

from resnet_viz.core.errors import FailureError, RunError
from resnet_viz.core.places import home
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.ui.frame.serving import serving
from resnet_viz.ui.frame.session import UPLOADS
from resnet_viz.ui.frame.visitor import owner

_UNUSED_SECONDS = 7 * 24 * 3600
_MOST_BYTES = 2_000_000_000  # of all uploads that no run uses
_OWNER = ".owner-"  # a visitor's mark in a folder, where uploads are counted
_FRESH_SECONDS = 600  # an upload of a page that is open
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
    """Write ``name`` completely or not at all, unless it is there; mark the folder as used.

    Another server of the same home may write the same content, or clean up, at the same moment.
    """
    mine = owner()
    if mine:
        _check_quota(folder, size, mine)
    try:
        with _LOCK:
            if not (folder / name).exists():
                _make_room(folder.parent, size)
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryDirectory(prefix=".", dir=folder) as partial:
                    write(Path(partial, name))
                    Path(partial, name).rename(folder / name)
            if mine:
                (folder / f"{_OWNER}{mine}").touch()
            os.utime(folder)
    except OSError as error:
        if not (folder / name).exists():
            reason = error.strerror or type(error).__name__
            raise FailureError("upload_kept", folder=str(folder.parent), reason=reason) from error


def _check_quota(folder: Path, size: int, mine: str) -> None:
    """Make room among a visitor's own uploads, oldest first; ``RunError`` if that is too little.

    A folder that others have uploaded too counts for each of them, and stays.
    """
    most = serving().quotas.upload_bytes
    own = {each.parent for each in folder.parent.glob(f"*/{_OWNER}{mine}")} - {folder}
    found = sorted(((*_age_and_size(each), each) for each in own), reverse=True)
    total = sum(bytes_there for _, bytes_there, _ in found) + size
    in_runs = _in_runs() if total > most else ""
    for age, bytes_there, each in found:
        alone = len(list(each.glob(f"{_OWNER}*"))) == 1
        if total > most and age > _FRESH_SECONDS and alone and each.name not in in_runs:
            total -= bytes_there
            shutil.rmtree(each, ignore_errors=True)
    if total > most:
        raise RunError("quota_uploads", most=most // 1_000_000)


def _in_runs() -> str:
    """What the settings of all runs say, in which the names of used folders are found."""
    return str([run.config for run in RunStore().listed()])


def _make_room(uploads: Path, needed: int) -> None:
    """Delete uploads that no run uses: old ones, and the oldest beyond the size limit."""
    in_runs = _in_runs()
    unused = [folder for folder in uploads.glob("*") if folder.name not in in_runs]
    found = [(*_age_and_size(folder), folder) for folder in unused]
    total = sum(size for _, size, _ in found) + needed
    for age, size, folder in sorted(found, reverse=True):
        if age > _UNUSED_SECONDS or total > _MOST_BYTES:
            total -= size
            shutil.rmtree(folder, ignore_errors=True)


def _age_and_size(folder: Path) -> tuple[float, int]:
    """Seconds since a folder was used, and its bytes; 0 and 0 if it was deleted meanwhile."""
    try:
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        return time.time() - folder.stat().st_mtime, sum(sizes)
    except OSError:
        return 0.0, 0


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
