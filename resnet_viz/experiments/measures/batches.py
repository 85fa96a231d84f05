"""Labelled images for experiments: the bundled photographs or CIFAR-10's test images."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from resnet_viz.datasets.cifar10_images import first_test_images
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, Preprocessing, normalise, statistics
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

    def pictures(self, preprocessing: Preprocessing) -> UInt8[np.ndarray, "batch height width 3"]:
        """Return the images as they were before ``preprocessing`` normalised them."""
        mean, deviation = statistics(preprocessing, self.images.device)
        pixels = ((self.images * deviation + mean) * 255).round().clamp(0, 255).byte()
        return pixels.permute(0, 2, 3, 1).numpy()


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

    Raises
    ------
    OptionError
        If fewer test images are on this machine.

    """
    if source is Images.CIFAR10:
        subset = first_test_images(count)
        return LabelledBatch(normalise(subset.images, preprocessing), subset.labels)
    images, labels = photographs()
    has_label = torch.tensor([bool(sample.label) for sample in samples().values()] * 2)
    return LabelledBatch(images[has_label], labels[has_label])
