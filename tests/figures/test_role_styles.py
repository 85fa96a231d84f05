"""One table of colours and markers: distinguishable by everyone, on light and dark pages."""

from itertools import combinations

import numpy as np
import pytest

from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role

COLOURS = [style.colour for style in STYLES.values()]

#: What colour-blind eyes see of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def linear(colour):
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def cielab(rgb):
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, two):
    dark, bright = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, two))
    return (bright + 0.05) / (dark + 0.05)


def test_twins_keep_blue_circles_and_orange_squares():
    residual, plain = STYLES[Role.RESIDUAL], STYLES[Role.PLAIN]
    assert (residual.colour, residual.symbol) == ("#2563eb", "circle")
    assert (plain.colour, plain.symbol) == ("#ea580c", "square")


def test_every_role_has_a_marker_of_its_own():
    assert set(STYLES) == set(Role)
    assert len({style.symbol for style in STYLES.values()}) == len(Role)
    assert len({style.glyph for style in STYLES.values()}) == len(Role)


@pytest.mark.parametrize("eyes", EYES)
def test_colour_blind_eyes_tell_the_colours_apart(eyes):
    seen = [cielab(np.array(EYES[eyes]) @ linear(colour)) for colour in COLOURS]
    assert min(np.linalg.norm(one - two) for one, two in combinations(seen, 2)) >= 20


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
@pytest.mark.parametrize("colour", COLOURS)
def test_the_colours_are_readable_on_light_and_dark_pages(colour, page):
    assert contrast(colour, page) >= 3
