"""Ways to scale a picture to a network's input, as programs differ in them.

Pillow antialiases when it makes a picture smaller; OpenCV, and PyTorch by default, do not. OpenCV's
``INTER_LINEAR`` and ``INTER_CUBIC`` are bilinear and bicubic (a = -0.75) without antialiasing at
half-pixel centres, which is PyTorch's ``interpolate`` with ``align_corners=False``; ``INTER_AREA``
is the mean over each pixel's area.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch.nn.functional import interpolate

from resnet_viz.pictures.decode import Picture
from resnet_viz.pictures.preprocess import Preprocessing, seen

Seen = UInt8[np.ndarray, "size size 3"]

_PART = 0.875  # 224 of 256, the usual crop where a network has one


def _square(picture: Picture, preprocessing: Preprocessing) -> UInt8[np.ndarray, "side side 3"]:
    """The central square that the network sees, at the picture's own resolution."""
    height, width = picture.pixels.shape[:2]
    side = max(1, round(min(height, width) * preprocessing.size / preprocessing.resize))
    top, left = (height - side) // 2, (width - side) // 2
    square: UInt8[np.ndarray, "side side 3"] = picture.pixels[top : top + side, left : left + side]
    return square


def _pillow(filtering: Image.Resampling) -> Callable[[Picture, Preprocessing], Seen]:
    def scaled(picture: Picture, preprocessing: Preprocessing) -> Seen:
        size = (preprocessing.size,) * 2
        image = Image.fromarray(np.ascontiguousarray(_square(picture, preprocessing)))
        return _grey(np.asarray(image.resize(size, filtering)), preprocessing)

    return scaled


def _opencv(mode: str) -> Callable[[Picture, Preprocessing], Seen]:
    """Scale as OpenCV: "bilinear", "bicubic", "area" or "nearest", without antialiasing."""

    def scaled(picture: Picture, preprocessing: Preprocessing) -> Seen:
        square = np.array(_square(picture, preprocessing))  # pictures are read-only
        values = torch.from_numpy(square).permute(2, 0, 1)[None].float()
        corners = {"align_corners": False} if mode.startswith("bi") else {}
        small = interpolate(values, size=(preprocessing.size,) * 2, mode=mode, **corners)
        pixels = small[0].round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
        return _grey(pixels.numpy(), preprocessing)

    return scaled


def _grey(pixels: Seen, preprocessing: Preprocessing) -> Seen:
    if len(preprocessing.mean) > 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def _other_crop(picture: Picture, preprocessing: Preprocessing) -> Seen:
    """The whole central square where the network crops, and 7/8 of it where it does not."""
    cropped = preprocessing.resize > preprocessing.size
    resize = preprocessing.size if cropped else round(preprocessing.size / _PART)
    return seen(picture, replace(preprocessing, resize=resize))


def _squashed(picture: Picture, preprocessing: Preprocessing) -> Seen:
    """The whole picture, its sides scaled apart."""
    size = (preprocessing.size,) * 2
    image = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BILINEAR)
    return _grey(np.asarray(image), preprocessing)


#: Ways of scaling by name; the usual one, ``seen``, is antialiased and bilinear.
RESIZINGS: Mapping[str, Callable[[Picture, Preprocessing], Seen]] = {
    "pillow_nearest": _pillow(Image.Resampling.NEAREST),
    "pillow_bicubic": _pillow(Image.Resampling.BICUBIC),
    "pillow_lanczos": _pillow(Image.Resampling.LANCZOS),
    "opencv_nearest": _opencv("nearest"),
    "opencv_linear": _opencv("bilinear"),
    "opencv_cubic": _opencv("bicubic"),
    "opencv_area": _opencv("area"),
    "other_crop": _other_crop,
    "squashed": _squashed,
}
