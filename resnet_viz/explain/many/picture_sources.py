"""A set of pictures to explain: a folder, a ZIP, or a data set's test images, read one by one."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from resnet_viz.core.errors import DataError, ImageError
from resnet_viz.datasets import class_folders
from resnet_viz.datasets.dataset import ImageSet, first_of_each_class
from resnet_viz.datasets.dataset_pictures import tile_picture
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.datasets.local_sets import local_test_set
from resnet_viz.pictures.decode import Picture, open_picture, safe_name

MOST_PICTURES = 2000


@dataclass(frozen=True)
class PictureEntry:
    """A file that may be a picture; ``label`` is its folder or its class, or empty."""

    name: str
    label: str
    read: Callable[[], Picture]  # raises ImageError


@dataclass(frozen=True)
class PictureSource:
    """Where pictures come from: the path of a folder or ZIP, or the name of a data set.

    Of a data set the first ``count`` test images are used, equally many per class.
    """

    place: str
    count: int = 100


@contextmanager
def open_source(source: PictureSource) -> Iterator[list[PictureEntry]]:
    """Every entry of a source, sorted by name; pictures are decoded when they are read.

    A ZIP has the same limits as one that training reads. Raises ``DataError`` or ``ImageError`` if
    there is nothing to read.
    """
    path = Path(source.place)
    if path.is_dir():
        yield _checked(list(map(_entry, class_folders.on_disk(path))), path.name)
    elif path.is_file():
        with _archive(path) as archive:
            members = class_folders.members(archive, safe_name(path.name))
            yield _checked(list(map(_entry, members)), path.name)
    else:
        cifar10 = source.place == "cifar10"  # its test images are always here
        data = local_test_set(source.place) if cifar10 else load_dataset(source.place)
        yield list(_of_dataset(data.test, data.classes, source.count))


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


def _entry(file: class_folders.FolderEntry) -> PictureEntry:
    label = safe_name(file.folders[-1]) if file.folders else ""
    return PictureEntry(safe_name(file.name), label, partial(_decode, file))


def _decode(file: class_folders.FolderEntry) -> Picture:
    return open_picture(file.read(), file.name)


def _of_dataset(images: ImageSet, classes: tuple[str, ...], count: int) -> Iterator[PictureEntry]:
    for number in first_of_each_class(images.labels, len(classes), count).tolist():
        label = classes[int(images.labels[number])]
        name = f"{label} {number}"
        yield PictureEntry(name, label, partial(tile_picture, images.images[number], name))
