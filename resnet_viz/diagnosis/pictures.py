"""The pictures that a network without pictures of its own is run on."""

from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.datasets.cifar10_images import excerpt
from resnet_viz.datasets.dataset import ImageSet, in_turn
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import Preprocessing, normalise, seen, to_batch
from resnet_viz.pictures.samples import photographs, sample_picture, samples

_SIDE = 32  # pixels of CIFAR-10
_IMAGES = 100  # of the excerpt; healthy layers then score 0.25 at most, on sixteen pictures 0.31


@dataclass(frozen=True, eq=False)
class RunPictures:
    """A normalised batch, and the classes of its pictures where the network knows them.

    Parameters
    ----------
    batch
        What the layers are measured on.
    labelled
        Pictures of known classes; the same as ``batch`` or others.
    labels
        Their classes; None if the network has other classes.

    """

    batch: Float[Tensor, "batch channels size size"]
    labelled: Float[Tensor, "n channels size size"] | None = None
    labels: Int64[Tensor, " n"] | None = None


def bundled_pictures(identification: Identification) -> RunPictures:
    """CIFAR-10's test images for a network of 32 colour pixels, else the bundled photographs."""
    preprocessing, spec = identification.preprocessing, identification.spec
    known = identification.classes == CIFAR10_CLASSES and spec.input_channels == 3
    known = known and identification.file.answers
    if preprocessing.size == _SIDE and spec.input_channels == 3:
        images = _images()
        batch = normalise(images.images, preprocessing)
        return RunPictures(batch, batch, images.labels) if known else RunPictures(batch)
    batch = photographs(preprocessing)
    if not known:
        return RunPictures(batch)
    names = [name for name, sample in samples().items() if sample.label in CIFAR10_CLASSES]
    labels = torch.tensor([CIFAR10_CLASSES.index(samples()[name].label) for name in names])
    pixels = [seen(sample_picture(name), preprocessing) for name in names]
    return RunPictures(batch, to_batch(pixels, preprocessing), labels)


def bundled_batch(preprocessing: Preprocessing) -> Float[Tensor, "batch channels size size"]:
    """Test images of CIFAR-10, every class in turn, for a network of 32 colour pixels."""
    return normalise(_images().images, preprocessing)


@cache
def _images() -> ImageSet:
    images = excerpt()
    return images.at(in_turn(images.labels, len(CIFAR10_CLASSES))[:_IMAGES])
