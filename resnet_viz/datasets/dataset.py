"""``Dataset`` and ``ImageSet``: labelled images as uint8 tensors in memory."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from resnet_viz.datasets.augmentations import OwnAugmentation, augmentation_for
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True)
class ImageSet:
    """Images, (n, channels, height, width) as uint8, and their labels, (n,)."""

    images: UInt8[Tensor, "n channels height width"]
    labels: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> list[int]:
        """Number of images per class."""
        counted: list[int] = torch.bincount(self.labels, minlength=classes).tolist()
        return counted

    def at(self, indices: Int64[Tensor, " k"]) -> "ImageSet":
        """The images with these indices."""
        return ImageSet(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """A training set and a test set.

    Parameters
    ----------
    name
        The data set's name.
    classes
        Class names, in the order of the labels.
    preprocessing
        How the pixels are normalised.
    train, test
        The images.
    skipped
        Names of files that could not be read as pictures.
    augmentation
        The usual augmentation of its training images; None for one that fits their size.

    """

    name: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    train: ImageSet
    test: ImageSet
    skipped: tuple[str, ...] = ()
    augmentation: OwnAugmentation | None = None

    @property
    def own_augmentation(self) -> OwnAugmentation:
        """The usual augmentation of the training images, with its reason."""
        return self.augmentation or augmentation_for(self.train.images.shape[-1])

    def fitted(self, spec: NetworkSpec) -> NetworkSpec:
        """Return the spec with this data set's image size, channels and number of classes."""
        _, channels, _, size = self.train.images.shape
        return replace(spec, input_size=size, input_channels=channels, classes=len(self.classes))

    def subset(self, images: int, test_images: int, seed: int) -> "Dataset":
        """Select images, as evenly over the classes as possible.

        Parameters
        ----------
        images, test_images
            Number of training and test images; 0 for all.
        seed
            Selects the training images. The test images are the same for every seed.

        """
        train = _even(self.train, images, seed)
        test = _even(self.test, test_images, 0)
        return replace(self, train=train, test=test)


def _even(images: ImageSet, count: int, seed: int) -> ImageSet:
    """Select ``count`` images, equally many per class, in their original order; 0 for all."""
    if not 0 < count < len(images):
        return images
    generator = torch.Generator().manual_seed(seed * 7919 + 1)
    order = torch.randperm(len(images), generator=generator)
    labels = images.labels[order]
    rank = torch.empty_like(order)  # position of an image among those of its class
    for label in range(int(labels.max()) + 1):
        of_class = labels == label
        rank[of_class] = torch.arange(int(of_class.sum()))
    return images.at(order[rank.argsort(stable=True)[:count]].sort().values)


def measured(images: UInt8[Tensor, "n channels size size"]) -> Preprocessing:
    """Preprocessing with the mean and standard deviation of these images.

    Parameters
    ----------
    images
        Images, (n, channels, size, size) as uint8; about 5,000 of them are measured.

    Returns
    -------
    Preprocessing
        Mean and deviation per channel, for pixels in [0, 1]. The deviation of a constant channel
        is 1.

    """
    size = images.shape[-1]
    sample = images[:: max(1, len(images) // 5000)].to(torch.float32) / 255
    by_channel = sample.transpose(0, 1).flatten(1)
    deviation = by_channel.std(1)
    deviation[deviation < 1e-3] = 1.0
    mean = tuple(round(m, 4) for m in by_channel.mean(1).tolist())
    return Preprocessing(size, size, mean, tuple(round(d, 4) for d in deviation.tolist()))


def in_turn(labels: Int64[Tensor, " n"], classes: int) -> Int64[Tensor, " n"]:
    """Indices of all images: the first of every class, then the second of every class, ..."""
    rank = torch.empty_like(labels)
    for number in range(classes):
        of_class = labels == number
        rank[of_class] = torch.arange(int(of_class.sum()))
    return rank.argsort(stable=True)


def first_of_each_class(
    labels: Int64[Tensor, " n"], classes: int, count: int
) -> Int64[Tensor, " k"]:
    """Indices of the first ``count`` images, equally many per class, ascending."""
    return in_turn(labels, classes)[:count].sort().values
