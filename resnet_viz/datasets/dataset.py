"""Labelled images for training and testing, as uint8 tensors in memory."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.spec import NetworkSpec


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

    def subset(self, images: int, test_images: int, seed: int) -> "Dataset":
        """So many images, as evenly over the classes as can be; 0 is all of them.

        ``seed`` chooses the training images; the test images are the same for every seed.
        """
        train = _even(self.train, images, seed)
        test = _even(self.test, test_images, 0)
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


def first_of_each_class(
    labels: Int64[Tensor, " n"], classes: int, count: int
) -> Int64[Tensor, " k"]:
    """The numbers of the first ``count`` images, equally many a class, in order."""
    rank = torch.empty_like(labels)
    for number in range(classes):
        own = labels == number
        rank[own] = torch.arange(int(own.sum()))
    return rank.argsort(stable=True)[:count].sort().values
