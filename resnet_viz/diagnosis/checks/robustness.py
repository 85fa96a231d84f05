"""Accuracy on slightly changed images: shifted, blurred, noisy, JPEG-compressed.

The kinds of change are those of Hendrycks and Dietterich 2019 (arXiv 1903.12261), sec. 4. The
strengths are our own, one mild and one strong per kind.
"""

import io
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d, pad

from resnet_viz.records import ChangedAccuracy

Pixels = UInt8[Tensor, "n channels size size"]

MOST_IMAGES = 300  # per change
_USUAL_SIDE = 32  # strengths of shift and blur are in pixels of an image of this side

#: Strengths of each change, the mild one first. Units: ``ChangedAccuracy``.
STRENGTHS: Mapping[str, tuple[float, float]] = {
    "shift": (2, 4),
    "blur": (0.5, 1),
    "noise": (8, 16),
    "jpeg": (75, 40),
}


def robustness(
    pixels: Pixels, accuracy: Callable[[Pixels], float]
) -> Iterator[tuple[float, ChangedAccuracy]]:
    """Measure accuracy on the unchanged images, then after every change.

    Parameters
    ----------
    pixels
        Images, (n, channels, size, size) as uint8.
    accuracy
        Returns the accuracy on changed images.

    Yields
    ------
    tuple
        The share of all changes that is done, and the result of one.

    """
    changes = [("none", 0.0)] + [(c, s) for c, both in STRENGTHS.items() for s in both]
    for number, (change, strength) in enumerate(changes, 1):
        changed = CHANGES[change](pixels, strength) if change in CHANGES else pixels
        share_correct = accuracy(changed)
        yield number / len(changes), ChangedAccuracy(change, strength, share_correct, len(pixels))


def shifted(pixels: Pixels, strength: float) -> Pixels:
    """Shift by ``strength``, in one of four directions in turn; edge pixels are repeated."""
    side = pixels.shape[-1]
    step = round(strength * side / _USUAL_SIDE)
    padded = pad(pixels.float(), (step,) * 4, mode="replicate").to(torch.uint8)
    result = torch.empty_like(pixels)
    for turn, (top, left) in enumerate([(step, 0), (0, step), (step, 2 * step), (2 * step, step)]):
        result[turn::4] = padded[turn::4, :, top : top + side, left : left + side]
    return result


def blurred_pixels(pixels: Pixels, strength: float) -> Pixels:
    """Apply a Gaussian blur, truncated at three standard deviations; edges are mirrored."""
    deviation = strength * pixels.shape[-1] / _USUAL_SIDE
    radius = max(1, math.ceil(3 * deviation))
    steps = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    kernel = (kernel / kernel.sum()).expand(pixels.shape[1], 1, 1, -1)
    padded = pad(pixels.float(), (radius,) * 4, mode="reflect")
    rows = conv2d(padded, kernel, groups=pixels.shape[1])
    both = conv2d(rows, kernel.transpose(2, 3), groups=pixels.shape[1])
    return both.round().clamp(0, 255).to(torch.uint8)


def noisy(pixels: Pixels, strength: float) -> Pixels:
    """Add Gaussian noise of this standard deviation in grey levels, the same on every call."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(pixels.shape, generator=generator) * strength
    return (pixels.float() + noise).round().clamp(0, 255).to(torch.uint8)


def packed_pixels(pixels: Pixels, strength: float) -> Pixels:
    """Compress as JPEG of this quality and decode again."""
    return torch.stack([_through_jpeg(image, round(strength)) for image in pixels])


def _through_jpeg(
    image: UInt8[Tensor, "channels size size"], quality: int
) -> UInt8[Tensor, "channels size size"]:
    grey = len(image) == 1
    values = image[0].numpy() if grey else image.permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG", quality=quality)
    with Image.open(file, formats=("JPEG",)) as again:
        read = torch.from_numpy(np.array(again))
    return read[None] if grey else read.permute(2, 0, 1)


CHANGES: Mapping[str, Callable[[Pixels, float], Pixels]] = {
    "shift": shifted,
    "blur": blurred_pixels,
    "noise": noisy,
    "jpeg": packed_pixels,
}
