"""Random crops and flips of a batch, computed on the device of the images."""

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from resnet_viz.datasets.dataset import Dataset
from resnet_viz.records import ImageChanges
from resnet_viz.training.recipe import Augmentation, Recipe


def image_changes(recipe: Recipe, data: Dataset) -> ImageChanges:
    """Return the random changes of the training images: the data set's own, or the recipe's."""
    match recipe.augmentation:
        case Augmentation.OWN:
            return data.own_augmentation.changes
        case Augmentation.CROP_FLIP:
            return ImageChanges(recipe.shift, flip=True)
        case Augmentation.CROP:
            return ImageChanges(recipe.shift, flip=False)
        case Augmentation.NONE:
            return ImageChanges(0, flip=False)


def pad(
    images: UInt8[Tensor, "n c h w"], mean: tuple[float, ...], width: int
) -> UInt8[Tensor, "n c hp wp"]:
    """Pad images with the mean colour (0 to 1 per channel), which is zero after normalisation.

    ``width`` pixels are added on each side.
    """
    n, channels, height, across = images.shape
    colour = (torch.tensor(mean) * 255).round().to(torch.uint8).to(images.device)
    padded = colour.view(1, channels, 1, 1).repeat(n, 1, height + 2 * width, across + 2 * width)
    padded[:, :, width : width + height, width : width + across] = images
    return padded


def augmented(
    padded: UInt8[Tensor, "n c hp wp"],
    chosen: Int64[Tensor, " b"],
    changes: ImageChanges,
    generator: torch.Generator,
) -> UInt8[Tensor, "b c h w"]:
    """Return random crops of the chosen images, some of them mirrored.

    Parameters
    ----------
    padded
        All images, from ``pad`` with a width of ``changes.shift``.
    chosen
        Indices of the images to return.
    changes
        The largest shift, and whether half of the images are mirrored.
    generator
        A CPU generator that decides crops and flips.

    """
    if not changes.any:
        return padded[chosen]
    count, device, shift = len(chosen), padded.device, changes.shift
    height, width = padded.shape[2] - 2 * shift, padded.shape[3] - 2 * shift
    top, left = torch.randint(0, 2 * shift + 1, (2, count, 1), generator=generator).to(device)
    rows = top + torch.arange(height, device=device)
    columns = torch.arange(width, device=device).expand(count, width)
    if changes.flip:
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
