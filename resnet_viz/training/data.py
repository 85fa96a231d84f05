"""Labelled images for training and testing, as uint8 tensors in memory."""

from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from PIL import Image
from torch import Tensor

from resnet_viz.errors import DataError, DownloadError
from resnet_viz.images import CIFAR_PREPROCESSING, Preprocessing
from resnet_viz.networks.catalog import CIFAR10_CLASSES
from resnet_viz.places import cifar10_folders, home

_TILE = 32  # pixels
_COLUMNS = 50  # tiles a row of a contact sheet


@dataclass(frozen=True)
class ImageSet:
    """Images (n, 3, height, width) as uint8 and their labels (n,)."""

    images: UInt8[Tensor, "n 3 height width"]
    labels: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A training set, a test set, and how their pixels are normalised."""

    name: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    train: ImageSet
    test: ImageSet


def cifar10() -> Dataset:
    """CIFAR-10 from contact sheets where they lie, else through torchvision (170 MB).

    Raises ``DataError`` for damaged files and ``DownloadError`` without a connection.
    """
    sheets = next((folder for folder in cifar10_folders() if folder.is_dir()), None)
    if sheets is None:
        train, test = _from_torchvision(home() / "torchvision")
    else:
        train = _from_sheets(sheets, ("train-1", "train-2"))
        test = _from_sheets(sheets, ("test",))
    return Dataset("cifar10", CIFAR10_CLASSES, CIFAR_PREPROCESSING, train, test)


def _from_sheets(folder: Path, parts: tuple[str, ...]) -> ImageSet:
    images, labels = [], []
    for part in parts:
        for label, name in enumerate(CIFAR10_CLASSES):
            tiles = read_sheet(folder / part / f"{name}.webp")
            images.append(tiles)
            labels += [label] * len(tiles)
    return ImageSet(torch.cat(images), torch.tensor(labels))


def read_sheet(path: Path) -> UInt8[Tensor, "n 3 32 32"]:
    """The 32 x 32 tiles of one contact sheet, row by row."""
    try:
        with Image.open(path, formats=("WEBP",)) as sheet:
            pixels = np.asarray(sheet.convert("RGB"))
        rows = pixels.shape[0] // _TILE
        tiles = pixels.reshape(rows, _TILE, _COLUMNS, _TILE, 3).transpose(0, 2, 4, 1, 3)
    except (OSError, ValueError) as error:
        raise DataError("sheet_damaged", path=path.name) from error
    return torch.from_numpy(tiles.reshape(-1, 3, _TILE, _TILE).copy())


def _from_torchvision(folder: Path) -> tuple[ImageSet, ImageSet]:
    from torchvision.datasets import CIFAR10

    try:
        sets = [CIFAR10(str(folder), train=train, download=True) for train in (True, False)]
    except (URLError, OSError) as error:
        raise DownloadError("data_offline", name="CIFAR-10", folder=str(folder)) from error
    except RuntimeError as error:
        raise DataError("data_damaged", name="CIFAR-10", folder=str(folder)) from error
    train, test = (
        ImageSet(torch.from_numpy(s.data.transpose(0, 3, 1, 2).copy()), torch.tensor(s.targets))
        for s in sets
    )
    return train, test
