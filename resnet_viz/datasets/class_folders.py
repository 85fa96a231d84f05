"""Pictures in folders named after their class, on disk or in a ZIP: hostile until checked.

A ZIP is read member by member and nothing is unpacked to disk, so a path in it leads nowhere;
what would be an escape elsewhere is still refused, since whoever made it meant no good.
"""

import stat
import unicodedata
import zipfile
import zlib
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
MOST_UNPACKED = 2 * 2**30  # bytes, all members of a ZIP together
MOST_RATIO = 100  # unpacked over packed; photographs have 1, text 10
MOST_MEMORY = 2**30  # bytes of pixels in memory
MOST_CLASSES = 1000
_TEST_SHARE = 5  # every fifth picture of a class is for testing where there is no split
_SPLITS = {"train": "train", "training": "train", "test": "test", "val": "test", "valid": "test",
           "validation": "test"}  # fmt: skip
_TOP_SKIPPED = 20  # names of unreadable files that are told


@dataclass(frozen=True)
class FolderEntry:
    """One file: the folders it lies in, its name, and how to get its bytes."""

    folders: tuple[str, ...]
    name: str
    read: Callable[[], bytes]


def read_folder(folder: Path, *, size: int) -> Dataset:
    """Class folders below ``folder``, or below its ``train`` and ``test``.

    Pictures are brought to their central square of ``size`` pixels; files that are no pictures are
    listed and skipped. Links are not followed. Raises ``DataError`` for fewer than two classes.
    """
    return _dataset(safe_name(folder.name), list(on_disk(folder)), size)


def read_zip(path: Path, *, size: int) -> Dataset:
    """The same from a ZIP file."""
    name = safe_name(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            return _dataset(name.removesuffix(".zip"), members(archive, name), size)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise DataError("zip_damaged", name=name) from error


def on_disk(folder: Path) -> Iterator[FolderEntry]:
    """Every file below a folder in the order of names; links are not followed.

    Raises ``DataError`` for more files than can be meant.
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
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def members(archive: zipfile.ZipFile, name: str) -> list[FolderEntry]:
    """Every file of a ZIP; ``DataError`` for one that is too large, leads out, or hides things."""
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
    with archive.open(info) as member:
        return member.read(MOST_BYTES + 1)


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
    told = tuple(skipped[:_TOP_SKIPPED]) + (("…",) if len(skipped) > _TOP_SKIPPED else ())
    return Dataset(name, tuple(classes), measured(train.images), train, test, told)


def _sorted_by_class(
    name: str, entries: list[FolderEntry]
) -> dict[str, dict[str, list[FolderEntry]]]:
    """Entries by split ("train", "test", or "" without one) and class, the folder they lie in."""
    found: dict[str, dict[str, list[FolderEntry]]] = defaultdict(lambda: defaultdict(list))
    spelled: dict[str, str] = {}
    for entry in entries:
        if not entry.folders:
            continue
        label = safe_name(unicodedata.normalize("NFC", entry.folders[-1]))
        if spelled.setdefault(label.casefold(), label) != label:
            raise DataError("data_class_twice", name=name, label=label)
        above = [_SPLITS[f.casefold()] for f in entry.folders[:-1] if f.casefold() in _SPLITS]
        found[above[-1] if above else ""][label].append(entry)
    if set(found) not in ({""}, {"train", "test"}, {"train"}, {"test"}, set()):
        raise DataError("data_splits", name=name)
    return found


def _decode(
    by_class: dict[str, list[FolderEntry]], classes: list[str], size: int, skipped: list[str]
) -> ImageSet:
    look = Preprocessing(size, size, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    pixels, labels = [], []
    for label, entries in by_class.items():
        for entry in entries:
            try:
                picture = open_picture(entry.read(), entry.name)
            except (ImageError, OSError, EOFError, zlib.error, zipfile.BadZipFile):
                skipped.append(safe_name(f"{label}/{entry.name}"))
                continue
            pixels.append(seen(picture, look))
            labels.append(classes.index(label))
    if not pixels:
        empty = torch.empty((0, 3, size, size), dtype=torch.uint8)
        return ImageSet(empty, torch.empty(0, dtype=torch.int64))
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    return ImageSet(images, torch.tensor(labels))


def _split(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """Every fifth picture of each class, and its second where it has fewer, for testing."""
    for_test = torch.zeros(len(images), dtype=torch.bool)
    for label in range(int(images.labels.max()) + 1 if len(images) else 0):
        own = (images.labels == label).nonzero().flatten()
        for_test[own[1::_TEST_SHARE]] = True
    train, test = (images.at(part.nonzero().flatten()) for part in (~for_test, for_test))
    return train, test
