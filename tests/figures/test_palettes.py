"""Colour is monotone in the value, and equal values have equal colours."""

import numpy as np
import pytest

from resnet_viz.figures.palettes import ColourRange, Palette, colour_bar, colourise, table

SEQUENTIAL = [Palette.VIRIDIS, Palette.INFERNO, Palette.GREY]
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear light, ITU-R BT.709


#: One 8-bit step of the green channel near white, in linear light: what rounding may take away.
ROUNDING = 0.006


def lightness(pixels):
    return (pixels / 255) ** 2.2 @ LUMINANCE


def rises(light):
    return (np.diff(light) >= -ROUNDING).all() and (light[4:] > light[:-4]).all()


@pytest.mark.parametrize("palette", SEQUENTIAL)
def test_lightness_rises_over_all_256_levels(palette):
    assert rises(lightness(table(palette)))
    assert len(np.unique(table(palette), axis=0)) > 200


def test_diverging_palette_is_white_at_zero_and_darkens_both_ways():
    light = lightness(table(Palette.DIVERGING))
    assert rises(light[:128])
    assert rises(light[:127:-1])
    middle = colourise(np.zeros(1), ColourRange(-1, 1), Palette.DIVERGING)
    assert (middle > 250).all()


@pytest.mark.parametrize("palette", Palette)
def test_256_values_get_the_256_colours_in_order(palette):
    values = np.linspace(-3, 5, 256)
    assert np.array_equal(colourise(values, ColourRange(-3, 5), palette), table(palette))


def test_values_beyond_the_range_are_clipped_and_never_wrap():
    pixels = colourise(np.array([-1e9, 1e9, 1.001]), ColourRange(0, 1))
    assert np.array_equal(pixels[0], table(Palette.VIRIDIS)[0])
    assert np.array_equal(pixels[1], table(Palette.VIRIDIS)[255])
    assert np.array_equal(pixels[2], table(Palette.VIRIDIS)[255])


def test_not_a_number_has_a_colour_of_its_own():
    pixels = colourise(np.array([np.nan, 0.5]), ColourRange(0, 1))
    assert not (table(Palette.VIRIDIS) == pixels[0]).all(1).any()


def test_an_all_equal_map_is_the_lowest_colour():
    flat = np.full((2, 2), 7.0)
    pixels = colourise(flat, ColourRange.of(flat))
    assert np.array_equal(pixels, np.broadcast_to(table(Palette.VIRIDIS)[0], (2, 2, 3)))


def test_one_range_spans_all_arrays_and_ignores_what_is_not_finite():
    found = ColourRange.of(np.array([1.0, np.nan]), np.array([-2.0, np.inf]))
    assert found == ColourRange(-2.0, 1.0)
    assert ColourRange.of(np.array([np.nan])) == ColourRange(0.0, 1.0)


def test_colour_bar_runs_from_lowest_to_highest():
    bar = colour_bar(Palette.INFERNO, width=256, height=2)
    assert np.array_equal(bar[1], table(Palette.INFERNO))


def test_a_range_too_small_for_single_precision_keeps_its_order():
    values = np.array([0, 5e-40, 1e-39], np.float32)
    pixels = colourise(values, ColourRange.of(values), Palette.GREY)
    assert pixels[0, 0] == 0
    assert 120 < pixels[1, 0] < 135
    assert pixels[2, 0] == 255
