"""Random crops and flips of a batch, computed on the device of the images."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int64, UInt8
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


@dataclass(frozen=True)
class Draws:
    """What was drawn for each image of a batch."""

    top: Int64[Tensor, " b"]  # first row of the crop, in the padded image
    left: Int64[Tensor, " b"]
    mirrored: Bool[Tensor, " b"]


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
    drawn = draw(len(chosen), changes, generator)
    on_device = Draws(*(part.to(padded.device) for part in vars(drawn).values()))
    return cropped(padded, chosen, on_device, changes.shift)


def draw(count: int, changes: ImageChanges, generator: torch.Generator) -> Draws:
    """Draw the crops and flips of ``count`` images with a CPU generator."""
    top, left = torch.zeros((2, count), dtype=torch.int64)
    mirrored = torch.zeros(count, dtype=torch.bool)
    if changes.any:
        top, left = torch.randint(0, 2 * changes.shift + 1, (2, count), generator=generator)
    if changes.flip:
        mirrored = torch.randint(0, 2, (count,), generator=generator).bool()
    return Draws(top, left, mirrored)


def cropped(
    padded: UInt8[Tensor, "n c hp wp"], chosen: Int64[Tensor, " b"], draws: Draws, shift: int
) -> UInt8[Tensor, "b c h w"]:
    """Return the crops of the chosen images that were drawn, all tensors being on one device.

    ``shift`` is the width of the padding.
    """
    count, device = len(chosen), padded.device
    height, width = padded.shape[2] - 2 * shift, padded.shape[3] - 2 * shift
    rows = draws.top[:, None] + torch.arange(height, device=device)
    across = torch.arange(width, device=device)
    columns = torch.where(draws.mirrored[:, None], width - 1 - across, across)
    columns = draws.left[:, None] + columns
    channels = torch.arange(padded.shape[1], device=device)
    return padded[
        chosen.view(-1, 1, 1, 1),
        channels.view(1, -1, 1, 1),
        rows.view(count, 1, -1, 1),
        columns.view(count, 1, 1, -1),
    ]
