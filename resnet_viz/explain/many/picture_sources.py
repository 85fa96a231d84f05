"""A set of pictures to explain: a folder, a ZIP, or a data set's test images, read one by one."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.datasets import class_folders
from resnet_viz.datasets.dataset import ImageSet, first_of_each_class
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.pictures.decode import Picture, open_picture, safe_name

MOST_PICTURES = 2000


@dataclass(frozen=True)
class PictureEntry:
    """One file that may be a picture; ``label`` is the folder it lies in, or its class, or ""."""

    name: str
    label: str
    read: Callable[[], Picture]  # raises ImageError


@dataclass(frozen=True)
class PictureSource:
    """Where pictures come from: a folder or ZIP by its path, or a data set by its name.

    Of a data set the first ``count`` test images are taken, equally many a class.
    """

    place: str
    count: int = 100

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "PictureSource":
        """The inverse of ``to_dict``."""
        return cls(str(values["place"]), int(str(values["count"])))

    def to_dict(self) -> dict[str, object]:
        """As JSON values."""
        return {"place": self.place, "count": self.count}


@contextmanager
def open_source(source: PictureSource) -> Iterator[list[PictureEntry]]:
    """Every entry in the order of names; nothing is decoded yet.

    A ZIP is read member by member and refused as training refuses it. Raises ``DataError`` or
    ``ImageError`` where there is nothing to read.
    """
    path = Path(source.place)
    if path.is_dir():
        yield _checked(list(map(_entry, class_folders.on_disk(path))), path.name)
    elif path.is_file():
        with _archive(path) as archive:
            found = class_folders.members(archive, safe_name(path.name))
            yield _checked(list(map(_entry, found)), path.name)
    else:
        data = load_dataset(source.place)
        yield list(_of_dataset(data.test, data.classes, source.count))


def tile_picture(pixels: UInt8[Tensor, "channels height width"], name: str) -> Picture:
    """A data set's image as a picture; of grey the three channels are equal."""
    array = np.ascontiguousarray(pixels.expand(3, -1, -1).permute(1, 2, 0).numpy())
    array.setflags(write=False)
    whole = str(array.shape).encode() + array.tobytes()
    return Picture(array, name, blake2b(whole, digest_size=16).hexdigest())


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise DataError("zip_damaged", name=safe_name(path.name)) from error
    with archive:
        yield archive


def _checked(entries: list[PictureEntry], name: str) -> list[PictureEntry]:
    if not entries:
        raise ImageError("explain_folder_empty", name=safe_name(name))
    if len(entries) > MOST_PICTURES:
        raise DataError("data_files", name=safe_name(name), most=MOST_PICTURES)
    return entries


def _entry(found: class_folders.FolderEntry) -> PictureEntry:
    label = safe_name(found.folders[-1]) if found.folders else ""
    return PictureEntry(safe_name(found.name), label, partial(_decode, found))


def _decode(found: class_folders.FolderEntry) -> Picture:
    """The picture; whatever the archive raises for a damaged member is one sentence too."""
    try:
        data = found.read()
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise ImageError("image_broken", name=safe_name(found.name)) from error
    except Exception as error:
        if type(error).__name__ != "error":  # zlib's, of a damaged member
            raise
        raise ImageError("image_broken", name=safe_name(found.name)) from error
    return open_picture(data, found.name)


def _of_dataset(images: ImageSet, classes: tuple[str, ...], count: int) -> Iterator[PictureEntry]:
    for number in first_of_each_class(images.labels, len(classes), count).tolist():
        label = classes[int(images.labels[number])]
        name = f"{label} {number}"
        yield PictureEntry(name, label, partial(tile_picture, images.images[number], name))
