"""Maps on a grey photograph: signed and unsigned ones are equally legible."""

import numpy as np
import pytest

from resnet_viz.figures.evidence import evidence, evidence_bar, evidence_top, grey_ground
from tests.figures.test_palettes import lightness

PHOTO = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
GROUND = grey_ground(PHOTO)


def test_the_photograph_shows_wherever_a_map_is_zero_or_not_a_number():
    for values in (np.zeros((4, 4)), np.full((4, 4), np.nan), np.full((4, 4), np.inf)):
        np.testing.assert_array_equal(evidence(GROUND, values.astype(np.float32), 1.0), GROUND)


def test_the_ground_is_grey_and_neither_black_nor_white():
    assert np.ptp(GROUND, axis=2).max() == 0
    assert grey_ground(np.zeros((2, 2, 3), np.uint8)).max() > 40
    assert grey_ground(np.full((2, 2, 3), 255, np.uint8)).max() < 180


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_both_signs_stand_out_from_every_photograph_and_from_each_other(grey):
    ground = grey_ground(np.full((1, 3, 3), grey, np.uint8))
    against, none, for_it = evidence(ground, np.float32([[-1, 0, 1]]), 1.0)[0].astype(int)
    assert np.abs(against - none).max() > 70
    assert np.abs(for_it - none).max() > 70
    light = lightness(np.stack([against, none, for_it]).astype(np.uint8))
    assert light[2] - light[0] > 0.3  # told apart without colours too


def test_one_very_strong_pixel_does_not_dim_all_others():
    values = np.full((20, 20), 1.0, np.float32)
    values[0, 0] = 1000
    assert evidence_top([values]) == 1.0
    assert evidence_top([np.zeros((3, 3))]) == 1.0
    lonely = np.zeros((20, 20), np.float32)
    lonely[0, 0] = 5
    assert evidence_top([lonely]) == 5


def test_the_bar_goes_from_one_end_to_the_other():
    signed, unsigned = (evidence_bar(signed=s, width=9, height=1)[0] for s in (True, False))
    assert np.ptp(signed[4].astype(int)) <= 1  # grey in the middle
    assert np.ptp(unsigned[0].astype(int)) <= 1
    np.testing.assert_array_equal(signed[-1], unsigned[-1])
