"""Overlays and grids are correct, pixel by pixel."""

import numpy as np
import pytest

from resnet_viz.figures.grids import (
    ChannelOrder,
    channel_at,
    channel_order,
    feature_grid,
    statistics,
)
from resnet_viz.figures.map_overlays import cam_row, enlarge_pixels, overlay
from resnet_viz.figures.palettes import ColourRange, Palette, colourise, table
from resnet_viz.pictures.decode import open_picture, to_png
from tests.figures.test_palettes import lightness, rises

RANGE = ColourRange(0.0, 1.0)


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.fixture
def feature():
    values = np.random.default_rng(1).random((6, 4, 4)).astype(np.float32)
    values[2] = 0
    return values


def test_opacity_zero_is_the_photo_itself(photo):
    cam = np.random.default_rng(2).random((4, 4))
    assert np.array_equal(overlay(photo, cam, RANGE, opacity=0), photo)


def test_opacity_one_is_the_map_alone(photo):
    drawn = overlay(photo, np.ones((4, 4)), RANGE, opacity=1, palette=Palette.INFERNO)
    assert np.array_equal(drawn, np.broadcast_to(table(Palette.INFERNO)[255], drawn.shape))


def test_saved_overlay_rises_with_the_value_over_256_levels():
    black = np.zeros((256, 256, 3), np.uint8)
    cam = np.tile(np.linspace(0, 1, 256), (256, 1))
    drawn = overlay(black, cam, RANGE, opacity=0.55)
    saved = open_picture(to_png(drawn), "x.png").pixels
    assert rises(lightness(saved[128]))


def test_enlarged_pixels_are_squares_of_one_colour(photo):
    assert np.array_equal(enlarge_pixels(photo, 3)[::3, ::3], photo)
    assert np.array_equal(enlarge_pixels(photo, 3)[2::3, 1::3], photo)


def test_cam_row_holds_every_tile_and_frames_the_selected_one(photo):
    cams = [np.full((2, 2), level) for level in (0.0, 0.5, 1.0)]
    sheet = cam_row(cams, photo, [RANGE] * 3, tile=32, opacity=1, columns=2, selected=2)
    assert sheet.shape == (67, 67, 3)
    assert np.array_equal(sheet[16, 16, :3], table(Palette.INFERNO)[0])
    assert not np.array_equal(sheet[35, 0], table(Palette.INFERNO)[255])
    assert np.array_equal(sheet[51, 16], table(Palette.INFERNO)[255])
    assert (sheet[51, 51] == 255).all()  # no fourth tile


def test_grid_equals_a_slow_reference(feature):
    order = (5, 0, 3, 1, 4)
    grid = feature_grid(feature, order=order, colour_range=RANGE, cell=8, columns=2)
    assert (grid.rows, grid.columns) == (3, 2)
    for place, channel in enumerate(order):
        top, left = place // 2 * 10, place % 2 * 10
        expected = enlarge_pixels(colourise(feature[channel], RANGE), 2)
        assert np.array_equal(grid.pixels[top : top + 8, left : left + 8, :3], expected)
    assert (grid.pixels[20:, 10:, 3] == 0).all()


def test_dead_channels_are_named_and_crossed_out(feature):
    grid = feature_grid(feature, order=(2, 0), colour_range=RANGE, cell=32, columns=2)
    assert grid.dead == (2,)
    flat = colourise(np.zeros(1), RANGE)[0]
    assert (grid.pixels[0, 0, :3] != flat).any()
    assert (grid.pixels[0, 16, :3] == flat).all()


def test_every_place_of_a_grid_leads_to_its_channel(feature):
    grid = feature_grid(feature, order=(5, 0, 3, 1, 4), colour_range=RANGE, cell=8, columns=2)
    height, width = grid.pixels.shape[:2]
    assert channel_at(grid, 4 / width, 4 / height) == 5
    assert channel_at(grid, 14 / width, 14 / height) == 1
    assert channel_at(grid, 14 / width, 24 / height) is None


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (ChannelOrder.INDEX, lambda f, w: -np.arange(6)),
        (ChannelOrder.MEAN, lambda f, w: f.mean((1, 2))),
        (ChannelOrder.VARIANCE, lambda f, w: f.var((1, 2))),
        (ChannelOrder.CAM_WEIGHT, lambda f, w: w),
    ],
)
def test_channels_come_highest_first(feature, order, key):
    weights = np.array([0.1, -3, 2, 0, 5, 1], np.float32)
    found = channel_order(feature, order, weights)
    keys = key(feature, weights)[list(found)]
    assert (np.diff(keys) <= 1e-7).all()
    assert sorted(found) == list(range(6))


def test_statistics_are_those_of_numpy(feature):
    found = statistics(feature)
    assert found.minimum == 0
    assert found.maximum == pytest.approx(feature.max())
    assert found.zeros == pytest.approx(16 / 96)
