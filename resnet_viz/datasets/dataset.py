"""Labelled images for training and testing, as uint8 tensors in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from resnet_viz.core.errors import DataError
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.spec import NetworkSpec
from resnet_viz.training.recipe import Recipe


@dataclass(frozen=True)
class ImageSet:
    """Images (n, channels, height, width) as uint8 and their labels (n,)."""

    images: UInt8[Tensor, "n channels height width"]
    labels: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> list[int]:
        """Images of each class."""
        counted: list[int] = torch.bincount(self.labels, minlength=classes).tolist()
        return counted

    def at(self, chosen: Int64[Tensor, " k"]) -> "ImageSet":
        """Some of the images, by number."""
        return ImageSet(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Dataset:
    """A training set, a test set, and how their pixels are normalised.

    ``skipped`` names files that were no readable pictures.
    """

    name: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    train: ImageSet
    test: ImageSet
    skipped: tuple[str, ...] = ()

    def fitted(self, spec: NetworkSpec) -> NetworkSpec:
        """The spec with this data's image size, channels and number of classes."""
        _, channels, _, size = self.train.images.shape
        return replace(spec, input_size=size, input_channels=channels, classes=len(self.classes))

    def subset(self, recipe: Recipe) -> "Dataset":
        """The images that a recipe uses, as evenly over the classes as can be."""
        train = _even(self.train, recipe.images, recipe.seed)
        test = _even(self.test, recipe.test_images, 0)  # the same for every seed
        return replace(self, train=train, test=test)


def _even(images: ImageSet, count: int, seed: int) -> ImageSet:
    """``count`` images, equally many a class; 0 is all. They keep their order."""
    if not 0 < count < len(images):
        return images
    generator = torch.Generator().manual_seed(seed * 7919 + 1)
    order = torch.randperm(len(images), generator=generator)
    labels = images.labels[order]
    rank = torch.empty_like(order)  # of an image among those of its class
    for label in range(int(labels.max()) + 1):
        own = labels == label
        rank[own] = torch.arange(int(own.sum()))
    return images.at(order[rank.argsort(stable=True)[:count]].sort().values)


def measured(images: UInt8[Tensor, "n channels size size"]) -> Preprocessing:
    """Preprocessing with the mean and deviation of these images, by channel, in [0, 1].

    A channel without any variation gets the deviation 1.
    """
    size = images.shape[-1]
    sample = images[:: max(1, len(images) // 5000)].to(torch.float32) / 255
    by_channel = sample.transpose(0, 1).flatten(1)
    deviation = by_channel.std(1)
    deviation[deviation < 1e-3] = 1.0
    mean = tuple(round(m, 4) for m in by_channel.mean(1).tolist())
    return Preprocessing(size, size, mean, tuple(round(d, 4) for d in deviation.tolist()))


def load_dataset(name: str | Path, *, size: int = 32) -> Dataset:
    """A known data set by name, or a folder or ZIP of class folders.

    ``size`` is the side, in pixels, that pictures of a folder or ZIP are brought to; the known
    sets have their own. Raises ``DataError`` with what is wrong, ``DownloadError`` when offline.
    """
    from resnet_viz.datasets.class_folders import read_folder, read_zip
    from resnet_viz.datasets.named import SOURCES

    if str(name) in SOURCES:
        return SOURCES[str(name)]()
    path = Path(name)
    if path.is_dir():
        return read_folder(path, size=size)
    if path.is_file():
        return read_zip(path, size=size)
    raise DataError("data_unknown", name=str(name)[:80], known=", ".join(SOURCES))


def cifar10() -> Dataset:
    """CIFAR-10: 50,000 training and 10,000 test images of 32 x 32 pixels in ten classes."""
    return load_dataset("cifar10")


def known_datasets() -> Mapping[str, Callable[[], Dataset]]:
    """The data sets that have a name, and what loads each."""
    from resnet_viz.datasets.named import SOURCES

    return SOURCES
