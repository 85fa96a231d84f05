"""The images in which ``top_crops`` searches."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.datasets.dataset import first_of_each_class
from resnet_viz.datasets.local_sets import local_set_of, local_test_set
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
    """Test images of the set that the network was trained on, if they are on this machine.

    Otherwise CIFAR-10's for 32 x 32 pixels in colour, handwritten digits for 8 x 8 in grey, or the
    bundled photographs.
    """
    spec = loaded.spec
    name = local_set_of(spec, loaded.classes)
    if name is not None:
        return _of_dataset(name)
    pixels = np.stack([seen(sample_picture(name), loaded.preprocessing) for name in samples()])
    channels_first = torch.from_numpy(pixels).permute(0, 3, 1, 2)[:, : spec.input_channels]
    labels = tuple(sample.label or name for name, sample in samples().items())
    return CropImages("samples", channels_first.contiguous(), labels)


def _of_dataset(name: str) -> CropImages:
    data = local_test_set(name)
    chosen = first_of_each_class(data.test.labels, len(data.classes), _COUNT)
    test = data.test.at(chosen)
    return CropImages(name, test.images, tuple(data.classes[int(n)] for n in test.labels))
