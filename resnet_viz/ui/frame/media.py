"""Pixels to what a browser loads."""

import base64

import numpy as np
from jaxtyping import UInt8

from resnet_viz.pictures.decode import to_png


def data_uri(pixels: UInt8[np.ndarray, "height width channels"]) -> str:
    """A PNG inside an address, for our own components."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()
