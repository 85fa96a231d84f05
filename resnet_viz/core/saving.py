"""Write files and folders atomically."""

import json
import math
import os
import platform
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zipfile import BadZipFile

import numpy as np

from resnet_viz.core.errors import DataError, OutputError

if TYPE_CHECKING:
    from resnet_viz.core.converter import JsonObject

SCHEMA_VERSION = 1
_PARTIAL = ".partial"

T = TypeVar("T")


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    versions = {"python": platform.python_version()}
    for package in ("resnet_viz", "torch", "torchvision", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def to_json(value: object, indent: int | None = 2) -> str:
    """Strict JSON; NaN and infinities become the strings "nan", "inf" and "-inf"."""
    return json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


@contextmanager
def whole_file(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Write a file atomically.

    Yields the path of a temporary file in the same folder, which the caller creates. It replaces
    ``path`` in one step when the block ends, and is removed when the block raises, so ``path`` is
    the old file or the new one at any time. Several writers of one path do not conflict.

    Parameters
    ----------
    path
        Path of the file; its folder must exist.
    durable
        Whether the content must be on the disk before the name changes, at the cost of an fsync.

    """
    partial = path.with_name(f".{secrets.token_hex(6)}{_PARTIAL}")
    try:
        yield partial
        if durable:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def clear_partial_files(folder: Path) -> None:
    """Delete what killed processes left of files in a folder that nobody else writes to."""
    for partial in folder.glob(f".*{_PARTIAL}"):
        partial.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Write a folder atomically.

    Yields the path of a temporary folder, which is renamed at the end of the block. Raises
    ``OutputError`` if ``folder`` exists or cannot be written; no files are left in that case.
    """
    if os.path.exists(folder):  # False for a name that no system allows
        raise OutputError("folder_exists", folder=str(folder))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError("folder_not_writable", folder=str(folder)) from error
    try:
        yield partial
        partial.chmod(0o755)
        os.rename(partial, folder)
    except OSError as error:
        raise OutputError("folder_not_writable", folder=str(folder)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def save_record(
    folder: Path, kind: str, manifest: Mapping[str, object], arrays: Mapping[str, np.ndarray]
) -> None:
    """Save a record in a new folder; ``OutputError`` if it exists or cannot be written.

    ``manifest.json`` holds the schema version, library versions and scalars, ``arrays.npz`` the
    arrays.
    """
    whole = {
        "schema_version": SCHEMA_VERSION,
        "record": kind,
        "versions": library_versions(),
        **manifest,
        "arrays": {name: list(value.shape) for name, value in arrays.items()},
    }
    with new_folder(folder) as partial:
        np.savez(partial / "arrays.npz", allow_pickle=False, **arrays)
        (partial / "manifest.json").write_text(to_json(whole), encoding="utf-8")


def read_record(
    folder: Path, kind: str, read: Callable[["JsonObject", dict[str, np.ndarray]], T]
) -> T:
    """Read a record that ``save_record`` wrote: ``read`` makes it of its manifest and arrays.

    The arrays are read-only. Raises ``DataError`` if the folder holds no such record.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["record"] != kind:
            raise DataError("record_other", folder=str(folder), found=manifest["record"], kind=kind)
        with np.load(folder / "arrays.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in manifest["arrays"]}
        for array in arrays.values():
            array.setflags(write=False)
        return read(manifest, arrays)
    except (OSError, ValueError, KeyError, TypeError, AssertionError, BadZipFile) as error:
        raise DataError("record_unreadable", folder=str(folder), kind=kind) from error


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
