"""Crops and flips of whole batches."""

import pytest
import torch

from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, normalise
from resnet_viz.records import ImageChanges
from resnet_viz.training.augment import augmented, image_changes, pad
from resnet_viz.training.recipe import Augmentation, Recipe
from tests.training.made import dataset, made

PUBLISHED = ImageChanges(shift=4, flip=True)  # He 2015, sec. 4.2


def test_the_border_is_the_mean_colour():
    mean = CIFAR_PREPROCESSING.mean
    images = made(3).images
    padded = pad(images, mean, 4)
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
    got = augmented(padded, chosen, PUBLISHED, torch.Generator().manual_seed(8))
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
    same = torch.zeros(8000, dtype=torch.int64)
    crops = augmented(padded, same, PUBLISHED, torch.Generator().manual_seed(0))
    corners = {(c[0, 0, 0].item(), c[1, 0, 0].item(), c[0, 0, -1].item()) for c in crops}
    expected = {(x, y, x + 31) for x in range(9) for y in range(9)}
    expected |= {(x + 31, y, x) for x in range(9) for y in range(9)}
    assert corners == expected


@pytest.mark.parametrize("shift", [0, 1, 4])
@pytest.mark.parametrize("flip", [True, False])
def test_no_crop_is_further_away_than_the_shift_and_none_is_mirrored_unasked(shift, flip):
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    changes = ImageChanges(shift, flip=flip)
    padded = pad(torch.stack([x, y, x])[None].to(torch.uint8), (0.9,) * 3, shift)
    same = torch.zeros(400, dtype=torch.int64)
    seen = augmented(padded, same, changes, torch.Generator().manual_seed(0))
    assert seen.shape == (400, 3, 16, 16)
    mirrored = seen[:, 0, 8, 7] > seen[:, 0, 8, 8]  # the middle is never padding
    assert mirrored.any().item() == flip
    assert not mirrored.all()
    rows = seen[:, 1, 8, 8].int() - 8
    columns = torch.where(mirrored, seen[:, 0, 8, 7], seen[:, 0, 8, 8]).int() - 8
    assert set(rows.tolist()) == set(columns.tolist()) == set(range(-shift, shift + 1))
    assert changes.any == (shift > 0 or flip)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("own", ImageChanges(4, flip=False)),  # of class folders with 32 pixels a side
        ("crop_flip", ImageChanges(2, flip=True)),
        ("crop", ImageChanges(2, flip=False)),
        ("none", ImageChanges(0, flip=False)),
    ],
)
def test_a_recipe_overrides_the_data_sets_own(how, expected):
    recipe = Recipe(epochs=1, learning_rate=0.1, augmentation=Augmentation(how), shift=2)
    assert image_changes(recipe, dataset()) == expected
