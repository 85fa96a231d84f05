"""The images in which ``top_crops`` searches."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.places import cifar10_folders
from resnet_viz.datasets.dataset import first_of_each_class
from resnet_viz.datasets.load_dataset import load_dataset
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import seen
from resnet_viz.pictures.samples import sample_picture, samples

_COUNT = 500  # images, equally many per class; some seconds for a network of 32 pixels


@dataclass(frozen=True, eq=False)
class CropImages:
    """Images at the network's input size; ``name`` is their data set or "samples"."""

    name: str
    pixels: UInt8[Tensor, "n channels height width"]
    labels: tuple[str, ...]


def crop_images(loaded: LoadedNetwork) -> CropImages:
    """CIFAR-10's test images if they are on this machine and have the network's input size.

    Otherwise handwritten digits for a network of grey 8 x 8 images, or the bundled photographs.
    """
    spec = loaded.spec
    known = spec.input_size == 32 and spec.input_channels == 3
    if known and any(folder.is_dir() for folder in cifar10_folders()):
        return _of_dataset("cifar10")
    if (spec.input_size, spec.input_channels) == (8, 1):
        return _of_dataset("digits")
    pixels = np.stack([seen(sample_picture(name), loaded.preprocessing) for name in samples()])
    channels_first = torch.from_numpy(pixels).permute(0, 3, 1, 2)[:, : spec.input_channels]
    labels = tuple(sample.label or name for name, sample in samples().items())
    return CropImages("samples", channels_first.contiguous(), labels)


def _of_dataset(name: str) -> CropImages:
    data = load_dataset(name)
    chosen = first_of_each_class(data.test.labels, len(data.classes), _COUNT)
    test = data.test.at(chosen)
    classes = CIFAR10_CLASSES if name == "cifar10" else data.classes
    return CropImages(name, test.images, tuple(classes[int(n)] for n in test.labels))
