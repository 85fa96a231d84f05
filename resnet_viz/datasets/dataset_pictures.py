"""Images of a data set as pictures, to be shown and analysed like any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from resnet_viz.datasets.dataset import ImageSet, in_turn
from resnet_viz.datasets.local_sets import local_test_set
from resnet_viz.pictures.decode import Picture

OFFERED = 20  # pictures of a data set


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and its class."""

    picture: Picture
    label: str


def tile_picture(pixels: UInt8[Tensor, "channels height width"], name: str) -> Picture:
    """An image of a data set as a picture; a grey one gets three equal channels."""
    array = np.ascontiguousarray(pixels.expand(3, -1, -1).permute(1, 2, 0).numpy())
    array.setflags(write=False)
    whole = str(array.shape).encode() + array.tobytes()
    return Picture(array, name, blake2b(whole, digest_size=16).hexdigest())


def labelled_pictures(images: ImageSet, classes: Sequence[str]) -> tuple[LabelledPicture, ...]:
    """Return the images as pictures, named after class and position: "7 1", "7 2"."""
    counted: dict[int, int] = {}
    pictures = []
    for pixels, number in zip(images.images, images.labels.tolist(), strict=True):
        counted[number] = counted.get(number, 0) + 1
        name = f"{classes[number]} {counted[number]}"
        pictures.append(LabelledPicture(tile_picture(pixels, name), classes[number]))
    return tuple(pictures)


@cache
def set_pictures(name: str) -> tuple[LabelledPicture, ...]:
    """Return the first test images of a set of ``local_sets``, equally many of each class."""
    data = local_test_set(name)
    chosen = in_turn(data.test.labels, len(data.classes))[:OFFERED]
    return labelled_pictures(data.test.at(chosen), data.classes)
