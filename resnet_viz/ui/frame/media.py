"""Pixels as data URIs."""

import base64

import numpy as np
from jaxtyping import UInt8

from resnet_viz.pictures.decode import to_jpeg, to_png


def data_uri(pixels: UInt8[np.ndarray, "height width channels"]) -> str:
    """Encode pixels as a PNG data URI for the app's own components."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode()


def jpeg_uri(pixels: UInt8[np.ndarray, "height width 3"]) -> str:
    """Encode pixels as a JPEG data URI, for pictures that are only looked at."""
    return "data:image/jpeg;base64," + base64.b64encode(to_jpeg(pixels)).decode()
