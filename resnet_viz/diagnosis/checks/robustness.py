"""Accuracy on images that were changed a little: shifted, blurred, noisy, packed as JPEG.

Kinds of change as in Hendrycks and Dietterich 2019 (arXiv 1903.12261), sec. 4; the strengths are
ours, one mild and one strong of each kind.
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

MOST_IMAGES = 300  # of each change
_USUAL_SIDE = 32  # pixels; strengths of shift and blur are in thirty-seconds of the side

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
    """Unchanged first, then every change; each with the share that is done."""
    rows = [("none", 0.0)] + [(c, s) for c, both in STRENGTHS.items() for s in both]
    for place, (change, strength) in enumerate(rows, 1):
        seen = CHANGES[change](pixels, strength) if change in CHANGES else pixels
        found = accuracy(seen)
        yield place / len(rows), ChangedAccuracy(change, strength, found, len(pixels))


def shifted(pixels: Pixels, strength: float) -> Pixels:
    """Moved right, down, left or up, one image after the other; the edge is repeated."""
    side = pixels.shape[-1]
    step = round(strength * side / _USUAL_SIDE)
    wide = pad(pixels.float(), (step,) * 4, mode="replicate").to(torch.uint8)
    moved = torch.empty_like(pixels)
    for turn, (top, left) in enumerate([(step, 0), (0, step), (step, 2 * step), (2 * step, step)]):
        moved[turn::4] = wide[turn::4, :, top : top + side, left : left + side]
    return moved


def blurred_pixels(pixels: Pixels, strength: float) -> Pixels:
    """A Gaussian blur, cut off at three deviations; the edge is mirrored."""
    deviation = strength * pixels.shape[-1] / _USUAL_SIDE
    reach = max(1, math.ceil(3 * deviation))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    line = torch.exp(-0.5 * (steps / deviation) ** 2)
    line = (line / line.sum()).expand(pixels.shape[1], 1, 1, -1)
    wide = pad(pixels.float(), (reach,) * 4, mode="reflect")
    rows = conv2d(wide, line, groups=pixels.shape[1])
    both = conv2d(rows, line.transpose(2, 3), groups=pixels.shape[1])
    return both.round().clamp(0, 255).to(torch.uint8)


def noisy(pixels: Pixels, strength: float) -> Pixels:
    """Gaussian noise of that deviation in grey levels, the same at every call."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(pixels.shape, generator=generator) * strength
    return (pixels.float() + noise).round().clamp(0, 255).to(torch.uint8)


def packed_pixels(pixels: Pixels, strength: float) -> Pixels:
    """Through JPEG of that quality and back."""
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
