"""Uploaded weights on disk while the app runs: a worker reads them, other pages open them."""

import atexit
import shutil
import tempfile
import threading
from pathlib import Path, PurePath

_MOST_BYTES = 1_500_000_000  # of all files; the oldest go first
_LOCK = threading.Lock()
_FOLDERS: list[Path] = []  # one, once something is kept


def place_of(digest: str, name: str) -> Path:
    """Where a file with this digest lies, or will lie; a name gives no more than its suffix."""
    suffix = PurePath(name).suffix
    plain = suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 20
    return _folder() / f"{digest}{suffix if plain else ''}"


def kept(digest: str, name: str, data: "memoryview | bytes") -> Path:
    """The file, written unless it is there; it goes when newer ones need the room."""
    path = place_of(digest, name)
    with _LOCK:
        if path.is_file():
            path.touch()
            return path
        _make_room(len(data))
        partial = path.with_suffix(".partial")
        partial.write_bytes(data)
        partial.rename(path)
    return path


def _make_room(needed: int) -> None:
    files = sorted(_FOLDERS[0].iterdir(), key=lambda path: path.stat().st_mtime)
    total = sum(path.stat().st_size for path in files) + needed
    for path in files:
        if total <= _MOST_BYTES:
            return
        total -= path.stat().st_size
        path.unlink()


def _folder() -> Path:
    with _LOCK:
        if not _FOLDERS:
            _FOLDERS.append(Path(tempfile.mkdtemp(prefix="resnet_viz.")))
            atexit.register(shutil.rmtree, _FOLDERS[0], ignore_errors=True)
    return _FOLDERS[0]
