"""Helpers: decoded pixels, expected pixels, and the error of a refused picture."""

import numpy as np
import pytest

from resnet_viz.core.errors import ImageError
from resnet_viz.pictures.decode import open_picture


def pixels_of(data):
    return open_picture(data, "x").pixels


def expected(image):
    return np.asarray(image.convert("RGB"))


def refusal(data, name="x.png"):
    with pytest.raises(ImageError) as caught:
        open_picture(data, name)
    return caught.value
