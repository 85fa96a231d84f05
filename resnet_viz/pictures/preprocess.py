"""From pictures to a network's input: central square, scaling, normalised batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from resnet_viz.pictures.decode import Picture
from resnet_viz.spec import NetworkSpec, Stem


class ChannelOrder(StrEnum):
    """The order of a colour image's channels in a batch."""

    RGB = "rgb"
    BGR = "bgr"  # Caffe's and OpenCV's


@dataclass(frozen=True)
class Preprocessing:
    """What a network expects: square side in pixels, mean and deviation per channel in [0, 1].

    Mean and deviation are of R, G, B, or of grey; ``order`` says in which order the network gets
    the channels. The shorter edge is scaled to ``resize`` pixels before the central ``size`` square
    is cropped.
    """

    size: int
    resize: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    order: ChannelOrder = ChannelOrder.RGB


#: CIFAR-10's training-set statistics, in [0, 1].
CIFAR_PREPROCESSING = Preprocessing(32, 32, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))

_TINY = 32  # pixels

#: torchvision's, for its ImageNet weights.
IMAGENET_PREPROCESSING = Preprocessing(224, 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def preprocessing_for(spec: NetworkSpec) -> Preprocessing:
    """The usual preprocessing of a family at the spec's input size; averaged for grey images."""
    usual = IMAGENET_PREPROCESSING if spec.stem is not Stem.CIFAR else CIFAR_PREPROCESSING
    resize = round(spec.input_size * usual.resize / usual.size)
    mean, deviation = usual.mean, usual.deviation
    if spec.input_channels == 1:
        mean, deviation = (sum(mean) / 3,), (sum(deviation) / 3,)
    return Preprocessing(spec.input_size, resize, mean, deviation)


def seen(picture: Picture, preprocessing: Preprocessing) -> UInt8[np.ndarray, "size size 3"]:
    """What the network sees, at its resolution: antialiased bilinear scaling.

    For a network of grey images R, G and B are equal (ITU-R 601 luma).
    """
    return _central_square(picture, preprocessing, preprocessing.size, Image.Resampling.BILINEAR)


def photo(
    picture: Picture, preprocessing: Preprocessing, side: int
) -> UInt8[np.ndarray, "side side 3"]:
    """The same part of the picture at ``side`` pixels, for display.

    The pixels of a picture as small as a network's input stay sharp: each is a number of its own.
    """
    tiny = min(picture.pixels.shape[:2]) <= _TINY
    filtering = Image.Resampling.NEAREST if tiny else Image.Resampling.LANCZOS
    return _central_square(picture, preprocessing, side, filtering)


def to_batch(
    pixels: Sequence[UInt8[np.ndarray, "size size 3"]], preprocessing: Preprocessing
) -> Float[Tensor, "batch channels size size"]:
    """A normalised float32 batch of equally sized pictures."""
    stacked = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    stacked = stacked[:, : len(preprocessing.mean)]  # all three are equal for grey
    return normalise(stacked, preprocessing).contiguous()


def to_pixels(
    image: Float[Tensor, "1 channels size size"], preprocessing: Preprocessing
) -> UInt8[np.ndarray, "size size 3"]:
    """A normalised image as RGB again; values beyond black and white are clipped."""
    mean, deviation = statistics(preprocessing, image.device)
    values = ((image * deviation + mean) * 255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(values[0].expand(3, -1, -1).permute(1, 2, 0).cpu().numpy())


def normalise(
    pixels: UInt8[Tensor, "batch channels height width"], preprocessing: Preprocessing
) -> Float[Tensor, "batch channels height width"]:
    """Scale pixels from 0..255 to float32 with the network's mean, deviation and order."""
    return ordered(standardised(pixels, *statistics(preprocessing, pixels.device)), preprocessing)


def ordered(
    batch: Float[Tensor, "batch channels height width"], preprocessing: Preprocessing
) -> Float[Tensor, "batch channels height width"]:
    """A batch whose channels are R, G, B in the order that the network gets."""
    return batch.flip(1) if preprocessing.order is ChannelOrder.BGR else batch


def statistics(
    preprocessing: Preprocessing, device: torch.device
) -> tuple[Float[Tensor, "1 channels 1 1"], Float[Tensor, "1 channels 1 1"]]:
    """Return mean and deviation per channel as tensors on a device."""
    mean = torch.tensor(preprocessing.mean, device=device).view(1, -1, 1, 1)
    return mean, torch.tensor(preprocessing.deviation, device=device).view(1, -1, 1, 1)


def standardised(
    pixels: UInt8[Tensor, "batch channels height width"],
    mean: Float[Tensor, "1 channels 1 1"],
    deviation: Float[Tensor, "1 channels 1 1"],
) -> Float[Tensor, "batch channels height width"]:
    """Scale pixels from 0..255 to float32, all tensors being on one device."""
    scaled = pixels.to(torch.float32) / 255
    return ((scaled - mean) / deviation).contiguous(memory_format=torch.channels_last)


def _central_square(
    picture: Picture, preprocessing: Preprocessing, side: int, filtering: Image.Resampling
) -> UInt8[np.ndarray, "side side 3"]:
    height, width = picture.pixels.shape[:2]
    reach = min(height, width) * preprocessing.size / preprocessing.resize / 2
    box = (width / 2 - reach, height / 2 - reach, width / 2 + reach, height / 2 + reach)
    square = Image.fromarray(picture.pixels).resize((side, side), filtering, box=box)
    if len(preprocessing.mean) == 1:
        square = square.convert("L").convert("RGB")
    return np.asarray(square)
