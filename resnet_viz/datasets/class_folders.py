"""Read a data set from class folders, one folder per class, on disk or in a ZIP.

A ZIP may be hostile. It is read member by member and never extracted to disk, so a path in it
cannot escape; a ZIP with such paths is refused nevertheless, because it is malicious.
"""

import stat
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.datasets.dataset import Dataset, ImageSet, measured
from resnet_viz.pictures.decode import MOST_BYTES, open_picture, safe_name
from resnet_viz.pictures.preprocess import Preprocessing, seen

MOST_FILES = 60_000
MOST_UNPACKED = 2 * 2**30  # bytes of all members of a ZIP, uncompressed
MOST_RATIO = 100  # uncompressed over compressed size; about 1 for photographs, 10 for text
MOST_MEMORY = 2**30  # bytes of pixels in memory
MOST_CLASSES = 1000
#: Pixels that pictures may have together whatever their size, and more for every byte of a file.
#: Photographs have 2 to 8 pixels a byte, drawings some 100, a bomb many thousand.
_ALWAYS_PIXELS = 300_000_000
_PIXELS_A_BYTE = 100
_TEST_SHARE = 5  # without a split, every fifth picture of a class is a test picture
_SPLITS = {"train": "train", "training": "train", "test": "test", "val": "test", "valid": "test",
           "validation": "test"}  # fmt: skip
_TOP_SKIPPED = 20  # names of unreadable files that are listed


@dataclass(frozen=True)
class FolderEntry:
    """A file: the folders above it, outermost first, its name, and a function that reads it."""

    folders: tuple[str, ...]
    name: str
    read: Callable[[], bytes]


def read_folder(folder: Path, *, size: int) -> Dataset:
    """Read the class folders in ``folder``, or in its ``train`` and ``test`` folders.

    Symbolic links are not followed. Files that are not pictures are skipped and listed in
    ``Dataset.skipped``. Without a split, every fifth picture of each class is a test picture.

    Parameters
    ----------
    folder
        The folder that has one folder per class.
    size
        Side in pixels of the central square that pictures are resized and cropped to.

    Raises
    ------
    DataError
        If there are fewer than two classes, too many classes, files or pixels, a class without
        pictures, or class names that differ only in case.

    """
    return _dataset(safe_name(folder.name), list(on_disk(folder)), size)


def read_zip(path: Path, *, size: int) -> Dataset:
    """Read class folders from a ZIP; see ``read_folder``.

    Raises ``DataError`` also if the ZIP is damaged, encrypted or unsafe.
    """
    name = safe_name(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            return _dataset(name.removesuffix(".zip"), members(archive, name), size)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise DataError("zip_damaged", name=name) from error


def on_disk(folder: Path) -> Iterator[FolderEntry]:
    """Yield every file below a folder, sorted by path; symbolic links are not followed.

    Raises ``DataError`` for more than ``MOST_FILES`` files.
    """
    count = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or _ignored(relative.parts):
            continue
        count += 1
        if count > MOST_FILES:
            raise DataError("data_files", name=safe_name(folder.name), most=MOST_FILES)
        yield FolderEntry(relative.parts[:-1], relative.name, partial(_read, path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ImageError("image_broken", name=safe_name(path.name)) from error


def members(archive: zipfile.ZipFile, name: str) -> list[FolderEntry]:
    """List the files of a ZIP, sorted by path.

    Raises ``DataError`` for a ZIP that is too large, encrypted, a bomb, or has links or paths that
    lead out of it.
    """
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise DataError("data_files", name=name, most=MOST_FILES)
    if sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise DataError("zip_unpacked", name=name, most=MOST_UNPACKED // 2**30)
    entries = []
    for info in infos:
        path = PurePosixPath(info.filename)
        _check_member(info, path, name)
        if not (info.is_dir() or _ignored(path.parts)):
            read = partial(_unpack, archive, info)
            entries.append(FolderEntry(path.parts[:-1], path.name, read))
    return sorted(entries, key=lambda entry: (*entry.folders, entry.name))


def _check_member(info: zipfile.ZipInfo, path: PurePosixPath, name: str) -> None:
    backslash = "\\" in info.orig_filename or ":" in info.filename
    if path.is_absolute() or ".." in path.parts or backslash or "\0" in info.orig_filename:
        raise DataError("zip_escape", name=name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise DataError("zip_link", name=name)
    if info.flag_bits & 1:
        raise DataError("zip_encrypted", name=name)
    if info.file_size > 2**20 and info.file_size > MOST_RATIO * max(1, info.compress_size):
        raise DataError("zip_bomb", name=name)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as member:
            return member.read(MOST_BYTES + 1)
    except Exception as error:  # every kind of compression has its own error for damaged data
        name = safe_name(PurePosixPath(info.filename).name)
        raise ImageError("image_broken", name=name) from error


def _ignored(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _dataset(name: str, entries: list[FolderEntry], size: int) -> Dataset:
    by_split = _sorted_by_class(name, entries)
    classes = sorted({c for split in by_split.values() for c in split})
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise DataError("data_classes", name=name, found=len(classes), most=MOST_CLASSES)
    if len(entries) * 3 * size * size > MOST_MEMORY:
        raise DataError("data_memory", name=name, most=MOST_MEMORY // 2**20)
    skipped: list[str] = []
    parts = {
        split: _decode(split_classes, classes, size, skipped)
        for split, split_classes in by_split.items()
    }
    train, test = (
        (parts["train"], parts["test"]) if len(parts) == 2 else _split(next(iter(parts.values())))
    )
    for number, label in enumerate(classes):
        if any(part.counts(len(classes))[number] == 0 for part in (train, test)):
            raise DataError("data_class_empty", name=name, label=label)
    listed = tuple(skipped[:_TOP_SKIPPED]) + (("…",) if len(skipped) > _TOP_SKIPPED else ())
    return Dataset(name, tuple(classes), measured(train.images), train, test, listed)


def _sorted_by_class(
    name: str, entries: list[FolderEntry]
) -> dict[str, dict[str, list[FolderEntry]]]:
    """Group files by split ("train", "test", "" without one) and class, their innermost folder."""
    by_split: dict[str, dict[str, list[FolderEntry]]] = defaultdict(lambda: defaultdict(list))
    spelling: dict[str, str] = {}
    for entry in entries:
        if not entry.folders:
            continue
        label = safe_name(unicodedata.normalize("NFC", entry.folders[-1]))
        if spelling.setdefault(label.casefold(), label) != label:
            raise DataError("data_class_twice", name=name, label=label)
        splits_above = [
            _SPLITS[f.casefold()] for f in entry.folders[:-1] if f.casefold() in _SPLITS
        ]
        by_split[splits_above[-1] if splits_above else ""][label].append(entry)
    if set(by_split) not in ({""}, {"train", "test"}, {"train"}, {"test"}, set()):
        raise DataError("data_splits", name=name)
    return by_split


def _decode(
    by_class: dict[str, list[FolderEntry]], classes: list[str], size: int, skipped: list[str]
) -> ImageSet:
    preprocessing = Preprocessing(size, size, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    pixels, labels = [], []
    allowance = _ALWAYS_PIXELS
    for label, entries in by_class.items():
        for entry in entries:
            try:
                data = entry.read()
                picture = open_picture(data, entry.name)
            except ImageError:
                skipped.append(safe_name(f"{label}/{entry.name}"))
                continue
            height, width = picture.pixels.shape[:2]
            allowance += _PIXELS_A_BYTE * len(data) - height * width
            if allowance < 0:
                raise DataError("data_pixels", name=safe_name(entry.name))
            pixels.append(seen(picture, preprocessing))
            labels.append(classes.index(label))
    if not pixels:
        empty = torch.empty((0, 3, size, size), dtype=torch.uint8)
        return ImageSet(empty, torch.empty(0, dtype=torch.int64))
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    return ImageSet(images, torch.tensor(labels))


def _split(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """Split off the 2nd, 7th, 12th, ... picture of each class for testing."""
    for_test = torch.zeros(len(images), dtype=torch.bool)
    for label in range(int(images.labels.max()) + 1 if len(images) else 0):
        of_class = (images.labels == label).nonzero().flatten()
        for_test[of_class[1::_TEST_SHARE]] = True
    train, test = (images.at(part.nonzero().flatten()) for part in (~for_test, for_test))
    return train, test
