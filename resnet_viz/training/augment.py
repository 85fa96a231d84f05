"""Random crops and flips of a batch, computed on the device of the images."""

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from resnet_viz.training.recipe import Augmentation

_PAD = 4  # pixels per side (He 2015, sec. 4.2)


def pad(images: UInt8[Tensor, "n c h w"], mean: tuple[float, ...]) -> UInt8[Tensor, "n c hp wp"]:
    """Pad images with the mean colour (0 to 1 per channel), which is zero after normalisation."""
    n, channels, height, width = images.shape
    colour = (torch.tensor(mean) * 255).round().to(torch.uint8).to(images.device)
    padded = colour.view(1, channels, 1, 1).repeat(n, 1, height + 2 * _PAD, width + 2 * _PAD)
    padded[:, :, _PAD:-_PAD, _PAD:-_PAD] = images
    return padded


def augmented(
    padded: UInt8[Tensor, "n c hp wp"],
    chosen: Int64[Tensor, " b"],
    how: Augmentation,
    generator: torch.Generator,
) -> UInt8[Tensor, "b c h w"]:
    """Return randomly augmented versions of some images.

    Parameters
    ----------
    padded
        All images, from ``pad``.
    chosen
        Indices of the images to return.
    how
        The kind of augmentation.
    generator
        A CPU generator that decides crops and flips.

    """
    match how:
        case Augmentation.CROP_FLIP:
            return crop_and_flip(padded, chosen, generator)
        case Augmentation.CROP:
            return crop_and_flip(padded, chosen, generator, flip=False)
        case Augmentation.NONE:
            return padded[chosen, :, _PAD:-_PAD, _PAD:-_PAD]


def crop_and_flip(
    padded: UInt8[Tensor, "n c hp wp"],
    chosen: Int64[Tensor, " b"],
    generator: torch.Generator,
    *,
    flip: bool = True,
) -> UInt8[Tensor, "b c h w"]:
    """Return random crops of the chosen images; with ``flip``, each is mirrored half the time."""
    count, device = len(chosen), padded.device
    height, width = padded.shape[2] - 2 * _PAD, padded.shape[3] - 2 * _PAD
    top, left = torch.randint(0, 2 * _PAD + 1, (2, count, 1), generator=generator).to(device)
    rows = top + torch.arange(height, device=device)
    columns = torch.arange(width, device=device).expand(count, width)
    if flip:
        mirrored = torch.randint(0, 2, (count, 1), generator=generator).to(device).bool()
        columns = torch.where(mirrored, width - 1 - columns, columns)
    columns = left + columns
    channels = torch.arange(padded.shape[1], device=device)
    return padded[
        chosen.view(-1, 1, 1, 1),
        channels.view(1, -1, 1, 1),
        rows.view(count, 1, -1, 1),
        columns.view(count, 1, 1, -1),
    ]
