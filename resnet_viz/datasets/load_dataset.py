"""``load_dataset``: load a data set by name, from a folder or from a ZIP."""

from collections.abc import Callable, Mapping
from pathlib import Path

from resnet_viz.core.errors import DataError
from resnet_viz.datasets.class_folders import read_folder, read_zip
from resnet_viz.datasets.dataset import Dataset
from resnet_viz.datasets.named import SOURCES


def load_dataset(name: str | Path, *, size: int = 32) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name
        A key of ``known_datasets``, or the path of a folder or ZIP with one folder per class.
    size
        Side in pixels that pictures of a folder or ZIP are resized to. Named data sets keep their
        own size.

    Raises
    ------
    DataError
        If the name is unknown, or the files are damaged or not arranged in class folders.
    DownloadError
        If a named data set cannot be downloaded.

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
    """The loader of each named data set."""
    return SOURCES
