"""A data set by its name, its folder or its ZIP."""

from collections.abc import Callable, Mapping
from pathlib import Path

from resnet_viz.core.errors import DataError
from resnet_viz.datasets.class_folders import read_folder, read_zip
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.datasets.named import SOURCES


def load_dataset(name: str | Path, *, size: int = 32) -> Dataset:
    """A known data set by name, or a folder or ZIP of class folders.

    ``size`` is the side, in pixels, that pictures of a folder or ZIP are brought to; the known
    sets have their own. Raises ``DataError`` with what is wrong, ``DownloadError`` when offline.
    """
    if str(name) in SOURCES:
        return SOURCES[str(name)]()
    path = Path(name)
    if path.is_dir():
        return read_folder(path, size=size)
    if path.is_file():
        return read_zip(path, size=size)
    raise DataError("data_unknown", name=str(name)[:80], known=", ".join(SOURCES))


def known_datasets() -> Mapping[str, Callable[[], Dataset]]:
    """The data sets that have a name, and what loads each."""
    return SOURCES
