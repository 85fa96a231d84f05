"""Images with labels for experiments: the bundled photographs, or CIFAR-10's test images."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from resnet_viz.core.places import cifar10_folders
from resnet_viz.datasets.dataset import ImageSet
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.datasets.named import from_sheets
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, Preprocessing, normalise
from resnet_viz.pictures.samples import sample_batch, samples


class Images(StrEnum):
    """Where an experiment's images come from."""

    CIFAR10 = "cifar10"  # its test images, equally many a class
    PHOTOGRAPHS = "photographs"  # the bundled ones and their mirror images


@dataclass(frozen=True)
class LabelledBatch:
    """A normalised batch and its classes."""

    images: Float[Tensor, "batch 3 height width"]
    labels: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.labels)


def photographs() -> tuple[Float[Tensor, "batch 3 32 32"], Int64[Tensor, " batch"]]:
    """The bundled photographs and their mirror images, with CIFAR-10's classes.

    One that shows none of the ten is labelled by its place: for gradients any label serves.
    """
    labels = [
        CIFAR10_CLASSES.index(s.label) if s.label else place % len(CIFAR10_CLASSES)
        for place, s in enumerate(samples().values())
    ]
    return sample_batch(CIFAR_PREPROCESSING), torch.tensor(labels * 2)


def labelled_batch(source: Images, count: int, preprocessing: Preprocessing) -> LabelledBatch:
    """``count`` test images of CIFAR-10, or the photographs that show one of its classes."""
    if source is Images.CIFAR10:
        chosen = _test_images(count)
        return LabelledBatch(normalise(chosen.images, preprocessing), chosen.labels)
    images, labels = photographs()
    known = torch.tensor([bool(sample.label) for sample in samples().values()] * 2)
    return LabelledBatch(images[known], labels[known])


@cache
def _cifar10_test() -> ImageSet:
    sheets = next((folder for folder in cifar10_folders() if folder.is_dir()), None)
    return load_dataset("cifar10").test if sheets is None else from_sheets(sheets, ("test",))


def _test_images(count: int) -> ImageSet:
    """The first images of each class, equally many a class."""
    test = _cifar10_test()
    rank = torch.empty_like(test.labels)
    for label in range(len(CIFAR10_CLASSES)):
        own = test.labels == label
        rank[own] = torch.arange(int(own.sum()))
    return test.at(rank.argsort(stable=True)[:count])
