"""Name what a file is that holds no readable weights: a web page, a pointer, a picture, cut off."""

import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")
_TEXT = bytes(range(32, 127)) + b"\t\r\n\f\b"


def foreign(start: bytes, size: int) -> str | None:
    """The error code that names a file by its first 512 bytes; None if it may hold weights."""
    if size == 0:
        return "checkpoint_empty"
    return next((code for code, matches in _FOREIGN.items() if matches(start)), None)


def _is_page(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES)


_FOREIGN: Mapping[str, Callable[[bytes], bool]] = {
    "checkpoint_zeros": lambda start: not start.strip(b"\0"),
    "checkpoint_lfs": lambda start: start.startswith(b"version https://git-lfs"),
    "checkpoint_page": _is_page,
    "checkpoint_tflite": lambda start: start[4:8] == b"TFL3",
    "checkpoint_picture": lambda start: (
        start.startswith(_PICTURES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
    ),
    "checkpoint_archive": lambda start: start.startswith(_ARCHIVES),
    "checkpoint_gguf": lambda start: start.startswith(b"GGUF"),
    "checkpoint_text": lambda start: not start.translate(None, _TEXT),
}


def cut_off(path: Path, start: bytes, size: int) -> tuple[int, int] | None:
    """(bytes there, bytes needed) of a file that ends too early; the second is 0 if unknown."""
    if start[:2] == b"PK" and not zipfile.is_zipfile(path):
        return size, 0
    if start[8:9] == b"{":
        (length,) = struct.unpack("<Q", start[:8])
        if length + 8 > size:
            return size, 0
        return _cut_tensors(path, length, size)
    return None


def _cut_tensors(path: Path, length: int, size: int) -> tuple[int, int] | None:
    """The same for safetensors, whose header says how long the file has to be."""
    if length > 32_000_000:
        return None
    with path.open("rb") as file:
        file.seek(8)
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items()
                    if name != "__metadata__"]  # fmt: skip
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None
    needed = 8 + length + max((end for end in ends if isinstance(end, int)), default=0)
    return (size, needed) if size < needed else None


def of_archive(names: list[str]) -> str | None:
    """The error code that names an archive by its entries; None if it may hold weights."""
    last = [name.rpartition("/")[2] for name in names]
    if any(name.endswith(("models/model.json", ".pt2")) or name == "archive_format"
           for name in (*names, *last)):  # fmt: skip
        return "checkpoint_export"
    return None
