"""Detect the format of a weights file and check its sizes before any tensor is read.

``torch.save`` writes a ZIP without compression, so a compressed entry is treated as a ZIP bomb.
The older format is a sequence of pickles. Pickles, ZIPs and safetensors files are recognised by
their first bytes, whatever their suffix.
"""

import json
import struct
import zipfile
from enum import StrEnum
from pathlib import Path
from typing import Any

from resnet_viz.checkpoints.reading.foreign_files import cut_off, foreign, of_archive
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.pictures.decode import safe_name

MOST_BYTES = 1_000_000_000
MOST_ENTRIES = 50_000  # tensors; ResNet-1202 has 7,000
MOST_PICKLE = 64_000_000  # bytes of the pickle, which has names and shapes but no weights
MOST_DIRECTORY = 16_000_000  # bytes of a ZIP's central directory; ResNet-1202 needs 600,000
MOST_HEADER = 32_000_000  # bytes of a safetensors header
_HDF5 = b"\x89HDF\r\n\x1a\n"


class Container(StrEnum):
    """Format of a weights file."""

    ZIP = "zip"  # torch.save since 1.6
    LEGACY = "legacy"  # torch.save before 1.6
    SAFETENSORS = "safetensors"
    SHARDS = "shards"  # a JSON index of several safetensors files
    ONNX = "onnx"  # only its initialisers are read
    KERAS = "keras"  # HDF5, or an archive with an HDF5 file inside
    NUMPY = "numpy"  # an archive of arrays


#: Bytes per value of safetensors' types.
_WIDTHS = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
    "BOOL": 1, "U16": 2, "U32": 4, "U64": 8,
}  # fmt: skip


def container(path: Path) -> Container:
    """Return the format of a weights file, after every check that needs no weights.

    Raises ``CheckpointError`` if the file is missing, damaged, too large, compressed, a TorchScript
    archive or no weights file; it names what else the file is.
    """
    name = safe_name(path.name)
    try:
        exists, size = path.is_file(), path.stat().st_size
    except (OSError, ValueError):  # an unreadable path, or one that is not valid
        exists, size = False, 0
    if not exists:
        raise CheckpointError("checkpoint_missing", name=name)
    if size > MOST_BYTES:
        raise CheckpointError("checkpoint_large", name=name, most=MOST_BYTES // 1_000_000)
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if path.suffix == ".json":
            return Container.SHARDS
        if code := foreign(start, size):
            raise CheckpointError(code, name=name)
        if path.suffix == ".onnx":
            return Container.ONNX
        if start.startswith(_HDF5):
            return Container.KERAS
        if path.suffix == ".safetensors" or start[8:9] == b"{":
            _check_safetensors(path, size)
            return Container.SAFETENSORS
        if start[:2] == b"PK":
            return _check_zip(path, size)
    except (OSError, ValueError, struct.error, zipfile.BadZipFile, NotImplementedError,
            RecursionError) as error:  # fmt: skip
        raise _damaged(path, name, start, size) from error
    if start[257:262] == b"ustar":
        raise CheckpointError("checkpoint_archive", name=name)
    if start[:1] != b"\x80":  # a pickle of protocol 2 or later starts with this byte
        raise CheckpointError("checkpoint_damaged", name=name)
    return Container.LEGACY


def _damaged(path: Path, name: str, start: bytes, size: int) -> CheckpointError:
    """The error of a file that cannot be read: cut off, or damaged otherwise."""
    try:
        cut = cut_off(path, start, size)
    except (OSError, ValueError, struct.error):
        cut = None
    if cut is None:
        return CheckpointError("checkpoint_damaged", name=name)
    if not cut[1]:
        return CheckpointError("checkpoint_cut", name=name)
    return CheckpointError("checkpoint_cut_at", name=name, given=cut[0], needed=cut[1])


def _check_zip(path: Path, size: int) -> Container:
    """Check the directory of an archive; PyTorch's, Keras's and NumPy's are told by its entries."""
    name = safe_name(path.name)
    if _directory_size(path, size) > MOST_DIRECTORY:
        raise CheckpointError("checkpoint_packed", name=name)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if any(part.endswith("/constants.pkl") for part in names):
        raise CheckpointError("checkpoint_script", name=name)
    if code := of_archive(names):
        raise CheckpointError(code, name=name)
    if "model.weights.h5" in names:
        return Container.KERAS
    if names and all(part.endswith(".npy") for part in names):
        return Container.NUMPY
    pickles = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    fits = sum(entry.file_size for entry in entries) <= size
    if not stored or not fits or len(entries) > MOST_ENTRIES or len(set(names)) != len(names):
        raise CheckpointError("checkpoint_packed", name=name)
    if len(pickles) != 1:
        raise CheckpointError("checkpoint_archive", name=name)
    if pickles[0].file_size > MOST_PICKLE:
        raise CheckpointError("checkpoint_packed", name=name)
    return Container.ZIP


def _directory_size(path: Path, size: int) -> int:
    """Size of a ZIP's central directory in bytes, from its end records.

    ``zipfile`` reads the whole directory into memory, so its size is checked first.
    """
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))  # a comment has at most 65,535 bytes
        tail = file.read()
    sizes = [0]
    for signature, offset, form in ((b"PK\x05\x06", 12, "<I"), (b"PK\x06\x06", 40, "<Q")):
        start = tail.rfind(signature)
        if start >= 0:
            sizes.append(struct.unpack_from(form, tail, start + offset)[0])
    return max(value for value in sizes if value != 0xFFFFFFFF)


def safetensors_header(path: Path) -> JsonObject:
    """Read the header of a safetensors file, with its length as ``""``.

    Raises ``ValueError`` if it is invalid.
    """
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(MOST_HEADER, path.stat().st_size - 8):
            raise ValueError(length)
        header = json.loads(file.read(length), object_pairs_hook=_unique_keys)
    if not isinstance(header, dict):
        raise ValueError(type(header))
    return {"": length, **header}


def _check_safetensors(path: Path, size: int) -> None:
    """Check that the tensors fill the file without gaps and have the lengths of their shapes."""
    header = safetensors_header(path)
    room = size - 8 - header.pop("")
    header.pop("__metadata__", None)
    if len(header) > MOST_ENTRIES:
        raise ValueError(len(header))
    end = 0
    for start, stop, needed in sorted(_span(entry) for entry in header.values()):
        if start != end or stop - start != needed:
            raise ValueError(start)
        end = stop
    if end != room:
        raise ValueError(end)


def _span(entry: Any) -> tuple[int, int, int]:  # noqa: ANN401  # from JSON
    """Return (begin, end, bytes that the shape needs) of a tensor."""
    if not isinstance(entry, dict) or entry.get("dtype") not in _WIDTHS:
        raise ValueError(str(entry)[:80])
    values, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(values, list) or not isinstance(offsets, list) or len(offsets) != 2:
        raise ValueError(str(entry)[:80])
    if not all(isinstance(v, int) and 0 <= v < 2**40 for v in (*values, *offsets)):
        raise ValueError(str(entry)[:80])
    needed = _WIDTHS[entry["dtype"]]
    for value in values:
        needed *= value
    return offsets[0], offsets[1], needed


def _unique_keys(pairs: list[tuple[str, object]]) -> JsonObject:
    """Build a JSON object; ``ValueError`` if a key occurs twice."""
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError(len(pairs))
    return unique
