"""Labelled images for experiments: the bundled photographs or CIFAR-10's test images."""

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
    """The images of an experiment."""

    CIFAR10 = "cifar10"  # test images, the same number of each class
    PHOTOGRAPHS = "photographs"  # bundled photographs and their mirror images


@dataclass(frozen=True)
class LabelledBatch:
    """A batch of normalised images and their classes."""

    images: Float[Tensor, "batch 3 height width"]
    labels: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.labels)


def photographs() -> tuple[Float[Tensor, "batch 3 32 32"], Int64[Tensor, " batch"]]:
    """Return the bundled photographs and their mirror images, with labels of CIFAR-10.

    Photographs of other things get an arbitrary label, which is good enough to measure gradients.
    """
    labels = [
        CIFAR10_CLASSES.index(s.label) if s.label else number % len(CIFAR10_CLASSES)
        for number, s in enumerate(samples().values())
    ]
    return sample_batch(CIFAR_PREPROCESSING), torch.tensor(labels * 2)


def labelled_batch(source: Images, count: int, preprocessing: Preprocessing) -> LabelledBatch:
    """Return labelled images for an experiment.

    Parameters
    ----------
    source
        CIFAR-10's test images, or the bundled photographs of its classes.
    count
        Number of test images; ignored for photographs.
    preprocessing
        Normalisation of the test images.

    """
    if source is Images.CIFAR10:
        subset = _test_images(count)
        return LabelledBatch(normalise(subset.images, preprocessing), subset.labels)
    images, labels = photographs()
    has_label = torch.tensor([bool(sample.label) for sample in samples().values()] * 2)
    return LabelledBatch(images[has_label], labels[has_label])


@cache
def _cifar10_test() -> ImageSet:
    sheets = next((folder for folder in cifar10_folders() if folder.is_dir()), None)
    return load_dataset("cifar10").test if sheets is None else from_sheets(sheets, ("test",))


def _test_images(count: int) -> ImageSet:
    """Return the first images of each class, the same number of each."""
    test = _cifar10_test()
    rank_in_class = torch.empty_like(test.labels)
    for label in range(len(CIFAR10_CLASSES)):
        of_class = test.labels == label
        rank_in_class[of_class] = torch.arange(int(of_class.sum()))
    return test.at(rank_in_class.argsort(stable=True)[:count])
