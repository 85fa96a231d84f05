"""Named data sets: CIFAR-10, CIFAR-100, Fashion-MNIST, MNIST and scikit-learn's digits.

CIFAR-10 and Fashion-MNIST are read from local folders if they are there (see ``core.places``).
Everything else except the digits is downloaded by torchvision.
"""

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from resnet_viz.core.errors import DataError, DownloadError
from resnet_viz.core.places import cifar10_folders, fashion_mnist_folder, home
from resnet_viz.datasets.augmentations import AUGMENTATIONS
from resnet_viz.datasets.dataset import Dataset, ImageSet, measured
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING

_TILE = 32  # pixels
SHEET_COLUMNS = 50  # tiles per row of a contact sheet

#: Fashion-MNIST's classes in the order of its labels (Xiao 2017, arXiv 1708.07747).
FASHION_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
DIGITS = tuple("0123456789")


#: A file with test images in torchvision's folder, by data set.
_DOWNLOADS: Mapping[str, str] = {
    "cifar10": "cifar-10-batches-py/test_batch",
    "cifar100": "cifar-100-python/test",
    "fashion-mnist": "FashionMNIST/raw/t10k-images-idx3-ubyte",
    "mnist": "MNIST/raw/t10k-images-idx3-ubyte",
}


def cifar10() -> Dataset:
    """CIFAR-10, from local contact sheets or through torchvision (170 MB)."""
    sheets = next((folder for folder in cifar10_folders() if folder.is_dir()), None)
    if sheets is None:
        train, test, _ = _from_torchvision("CIFAR10", "CIFAR-10")
    else:
        train = from_sheets(sheets, ("train-1", "train-2"))
        test = from_sheets(sheets, ("test",))
    return Dataset(
        "cifar10",
        CIFAR10_CLASSES,
        CIFAR_PREPROCESSING,
        train,
        test,
        augmentation=AUGMENTATIONS["cifar10"],
    )


def cifar100() -> Dataset:
    """CIFAR-100 with its 100 fine classes, through torchvision (169 MB)."""
    train, test, classes = _from_torchvision("CIFAR100", "CIFAR-100")
    return Dataset(
        "cifar100",
        classes,
        measured(train.images),
        train,
        test,
        augmentation=AUGMENTATIONS["cifar100"],
    )


def fashion_mnist() -> Dataset:
    """Fashion-MNIST: 60,000 training and 10,000 test images, 28 x 28 pixels, grey (29 MB)."""
    folder = fashion_mnist_folder()
    if folder.is_dir():
        train, test = (
            ImageSet(read_idx(folder / f"{part}-images-idx3-ubyte.gz")[:, None],
                     read_idx(folder / f"{part}-labels-idx1-ubyte.gz").to(torch.int64))
            for part in ("train", "t10k")
        )  # fmt: skip
    else:
        train, test, _ = _from_torchvision("FashionMNIST", "Fashion-MNIST")
    return Dataset(
        "fashion-mnist",
        FASHION_CLASSES,
        measured(train.images),
        train,
        test,
        augmentation=AUGMENTATIONS["fashion-mnist"],
    )


def mnist() -> Dataset:
    """MNIST: 60,000 training and 10,000 test images, 28 x 28 pixels, grey (12 MB)."""
    train, test, _ = _from_torchvision("MNIST", "MNIST")
    return Dataset(
        "mnist", DIGITS, measured(train.images), train, test, augmentation=AUGMENTATIONS["mnist"]
    )


def digits() -> Dataset:
    """scikit-learn's 1,797 handwritten digits, 8 x 8 pixels, grey; needs no download.

    The set has no split: every fifth image of a class is a test image.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images * (255 / 16)).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    for_test = torch.zeros(len(labels), dtype=torch.bool)
    for number in range(len(DIGITS)):
        for_test[(labels == number).nonzero().flatten()[::5]] = True
    both = ImageSet(images, labels)
    train, test = (both.at(part.nonzero().flatten()) for part in (~for_test, for_test))
    return Dataset(
        "digits", DIGITS, measured(train.images), train, test, augmentation=AUGMENTATIONS["digits"]
    )


SOURCES: Mapping[str, Callable[[], Dataset]] = {
    "cifar10": cifar10,
    "cifar100": cifar100,
    "fashion-mnist": fashion_mnist,
    "mnist": mnist,
    "digits": digits,
}


def downloaded(name: str) -> bool:
    """Return whether torchvision has downloaded the test images of a data set."""
    return name in _DOWNLOADS and (_torchvision_folder() / _DOWNLOADS[name]).is_file()


def downloaded_cifar10_test() -> ImageSet:
    """Read CIFAR-10's test images from torchvision's download; ``DataError`` if damaged."""
    from torchvision import datasets

    folder = _torchvision_folder()
    try:
        return _images(datasets.CIFAR10(str(folder), train=False, download=False))
    except (OSError, RuntimeError) as error:
        raise DataError("data_damaged", name="CIFAR-10", folder=str(folder)) from error


def from_sheets(folder: Path, parts: tuple[str, ...]) -> ImageSet:
    """Read CIFAR-10 images from contact sheets.

    Parameters
    ----------
    folder
        Has a folder per part, with one WebP file per class.
    parts
        Names of the parts: "train-1", "train-2", "test".

    """
    images, labels = [], []
    for part in parts:
        for label, name in enumerate(CIFAR10_CLASSES):
            tiles = read_sheet(folder / part / f"{name}.webp")
            images.append(tiles)
            labels += [label] * len(tiles)
    return ImageSet(torch.cat(images), torch.tensor(labels))


def read_sheet(path: Path) -> UInt8[Tensor, "n 3 32 32"]:
    """Read the 32 x 32 tiles of a contact sheet, row by row; ``DataError`` if it is damaged."""
    try:
        with Image.open(path, formats=("WEBP",)) as sheet:
            pixels = np.asarray(sheet.convert("RGB"))
        rows = pixels.shape[0] // _TILE
        tiles = pixels.reshape(rows, _TILE, SHEET_COLUMNS, _TILE, 3).transpose(0, 2, 4, 1, 3)
    except (OSError, ValueError) as error:
        raise DataError("sheet_damaged", path=path.name) from error
    return torch.from_numpy(tiles.reshape(-1, 3, _TILE, _TILE).copy())


def read_idx(path: Path) -> UInt8[Tensor, "*shape"]:
    """Read a gzipped IDX file of unsigned bytes; ``DataError`` if it is damaged.

    The format: bytes 0, 0, 8 and the number of dimensions; the sizes as 32-bit big-endian
    integers; the values.
    """
    try:
        with gzip.open(path) as file:
            data = file.read()
        shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
        values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError("data_damaged", name=path.name, folder=str(path.parent)) from error
    return torch.from_numpy(values.copy())


def _from_torchvision(which: str, name: str) -> tuple[ImageSet, ImageSet, tuple[str, ...]]:
    from torchvision import datasets

    folder = _torchvision_folder()
    try:
        train, test = (
            getattr(datasets, which)(str(folder), train=train, download=True)
            for train in (True, False)
        )
    except (URLError, OSError) as error:
        raise DownloadError("data_offline", name=name, folder=str(folder)) from error
    except RuntimeError as error:
        raise DataError("data_damaged", name=name, folder=str(folder)) from error
    return _images(train), _images(test), tuple(train.classes)


def _torchvision_folder() -> Path:
    return home() / "torchvision"


def _images(torchvision_set: Any) -> ImageSet:  # noqa: ANN401  # a torchvision data set
    """Convert a torchvision data set, whose ``data`` is (n, h, w, 3) or (n, h, w)."""
    pixels = torch.as_tensor(torchvision_set.data)
    channels_first = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    return ImageSet(channels_first.contiguous(), torch.as_tensor(torchvision_set.targets))
