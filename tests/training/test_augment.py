"""Crops and flips of whole batches."""

import pytest
import torch

from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, normalise
from resnet_viz.training.augment import augmented, crop_and_flip, pad
from resnet_viz.training.recipe import (
    Augmentation,
)
from tests.training.made import made


def test_the_border_is_the_mean_colour():
    mean = CIFAR_PREPROCESSING.mean
    images = made(3).images
    padded = pad(images, mean)
    assert padded.shape == (3, 3, 40, 40)
    assert torch.equal(padded[:, :, 4:-4, 4:-4], images)
    colour = torch.tensor([round(255 * m) for m in mean], dtype=torch.uint8)
    inside = torch.zeros(40, 40, dtype=torch.bool)
    inside[4:-4, 4:-4] = True
    border = padded[:, :, ~inside]
    assert (border == colour[None, :, None]).all()
    assert normalise(padded, CIFAR_PREPROCESSING)[:, :, ~inside].abs().max() < 0.01


def test_crops_and_flips_equal_a_slow_reference():
    padded = torch.randint(0, 256, (5, 3, 17, 21), dtype=torch.uint8)  # 9 x 13 before padding
    chosen = torch.tensor([4, 0, 0, 3, 2, 1] * 6)
    got = crop_and_flip(padded, chosen, torch.Generator().manual_seed(8))
    generator = torch.Generator().manual_seed(8)
    top, left = torch.randint(0, 9, (2, len(chosen), 1), generator=generator)
    mirrored = torch.randint(0, 2, (len(chosen), 1), generator=generator)
    for i, number in enumerate(chosen.tolist()):
        row, column = top[i].item(), left[i].item()
        crop = padded[number, :, row : row + 9, column : column + 13]
        assert torch.equal(got[i], crop.flip(2) if mirrored[i] else crop)
    assert mirrored.float().mean().item() not in (0.0, 1.0)


def test_every_crop_is_one_of_162_and_all_occur():
    """9 x 9 places and two directions, told apart by what is in the corners."""
    y, x = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    padded = torch.stack([x, y, x + y])[None].to(torch.uint8)
    crops = crop_and_flip(
        padded, torch.zeros(8000, dtype=torch.int64), torch.Generator().manual_seed(0)
    )
    corners = {(c[0, 0, 0].item(), c[1, 0, 0].item(), c[0, 0, -1].item()) for c in crops}
    expected = {(x, y, x + 31) for x in range(9) for y in range(9)}
    expected |= {(x + 31, y, x) for x in range(9) for y in range(9)}
    assert corners == expected


@pytest.mark.parametrize("how", Augmentation)
def test_augmentation_does_what_it_is_called(how):
    images = made(4).images
    padded = pad(images, CIFAR_PREPROCESSING.mean)
    same = torch.zeros(400, dtype=torch.int64)
    seen = augmented(padded, same, how, torch.Generator().manual_seed(0))
    different = {s.numpy().tobytes() for s in seen}
    y, x = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    places = torch.stack([x, y, x])[None].to(torch.uint8)
    directions = augmented(places, same, how, torch.Generator().manual_seed(0))
    mirrored = (directions[:, 0, 0, 0] > directions[:, 0, 0, -1]).any().item()
    assert mirrored == (how is Augmentation.CROP_FLIP)
    assert (len(different) == 1) == (how is Augmentation.NONE)
    if how is Augmentation.NONE:
        assert torch.equal(seen[0], images[0])
