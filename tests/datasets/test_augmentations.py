"""Each data set's own augmentation: it must not change what an image shows."""

import pytest
import torch

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.datasets.augmentations import AUGMENTATIONS, augmentation_for, usual_shift
from resnet_viz.datasets.load_dataset import known_datasets, load_dataset
from resnet_viz.records import ImageChanges
from tests.source import ROOT


def test_every_named_data_set_has_a_row_with_its_reason():
    assert set(AUGMENTATIONS) == set(known_datasets())
    for row in [*AUGMENTATIONS.values(), augmentation_for(32)]:
        assert all(Text(language).has(f"train.why_{row.why}") for language in LANGUAGES)


def test_the_reference_prints_the_same_table():
    page = (ROOT / "docs" / "reference" / "training.md").read_text(encoding="utf-8")
    for name, row in AUGMENTATIONS.items():
        line = next(
            line for line in page.splitlines() if line.startswith(f"| `{name}` | {row.side}")
        )
        _, _, _, shift, flip, reason, _ = (cell.strip() for cell in line.split("|"))
        assert (shift, flip) == (str(row.changes.shift), "yes" if row.changes.flip else "no")
        assert reason == Text("en")(f"train.why_{row.why}")


def test_what_has_a_left_and_a_right_is_not_mirrored():
    mirrored = {name for name, row in AUGMENTATIONS.items() if row.changes.flip}
    assert mirrored == {"cifar10", "cifar100"}
    assert not augmentation_for(224).changes.flip


def test_shifts_are_an_eighth_of_the_side_at_most():
    for row in AUGMENTATIONS.values():
        assert row.changes.shift <= row.side / 8
    assert [augmentation_for(side).changes.shift for side in (7, 8, 32, 224)] == [0, 1, 4, 28]
    assert [usual_shift(name, 224) for name in ("digits", "mnist", "a.zip")] == [1, 3, 28]


def test_digits_are_left_alone_because_they_fill_their_images():
    data = load_dataset("digits")
    assert data.own_augmentation.changes == ImageChanges(0, flip=False)
    ink = data.train.images[:, 0].float().amax(2) > 64  # by row
    assert ink[:, [0, -1]].all()
    assert data.train.images.shape[-1] == AUGMENTATIONS["digits"].side


def test_class_folders_get_a_shift_that_fits_their_size(tmp_path):
    from PIL import Image

    for label in ("digits", "mnist"):  # named like data sets, and yet folders
        (tmp_path / "digits" / label).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (40, 40), (number * 80,) * 3).save(
                tmp_path / "digits" / label / f"{number}.png"
            )
    data = load_dataset(tmp_path / "digits", size=16)
    assert data.own_augmentation.changes == ImageChanges(2, flip=False)
    assert data.own_augmentation.why == "folders"
    assert torch.equal(data.test.labels, torch.tensor([0, 1]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_are_sentences(language):
    for name, row in AUGMENTATIONS.items():
        assert Text(language)(f"train.why_{row.why}")[-1] in ".。", name
