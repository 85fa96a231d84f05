"""A block taken apart: exact parts, a pixel in numbers, and what travels to the browser."""

import base64

import numpy as np
import pytest
import torch

from resnet_viz.figures.opened_block import (
    _ACTIVATIONS,
    BlockParts,
    Spot,
    block_parts,
    by_weight,
    formula,
    opened_at,
    opened_channels,
    pixel_of,
)
from resnet_viz.figures.stage_drawing import CHANNELS, stage_block
from resnet_viz.networks.resnet.modules import activation
from resnet_viz.spec import Activation, NetworkSpec


def test_parts_add_up_exactly_on_both_sides(comparison):
    for side in comparison.sides:
        for block in side.spec.blocks():
            assert block_parts(side, block).error == 0


def test_a_plain_block_has_no_shortcut(comparison):
    assert block_parts(comparison.sides.second, "layer1.0").shortcut is None
    assert block_parts(comparison.sides.first, "layer1.0").shortcut is not None


@pytest.mark.parametrize("name", Activation)
def test_the_formula_uses_the_activation_of_the_network(name):
    values = torch.linspace(-4, 4, 101)
    spec = NetworkSpec(depths=(1,), widths=(4,), activation=name)
    expected = activation(spec)(values).numpy()
    assert np.allclose(_ACTIVATIONS[name][1](values.numpy()), expected, atol=1e-6)


def parts(branch, shortcut, activation="ReLU"):
    cube = [None if v is None else np.full((1, 1, 1), v, np.float32) for v in (branch, shortcut)]
    joined = cube[0] if cube[1] is None else cube[0] + cube[1]
    output = np.maximum(joined, 0) if activation else joined
    return BlockParts(cube[0], cube[1], joined, output, 0.0, activation)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((4.166, 3.749), "4.166 + 3.749 = 7.915 → ReLU → 7.915"),
        ((1.0, -2.5), "1.000 − 2.500 = −1.500 → ReLU → 0.000"),
        ((-1.5, None), "−1.500 → ReLU → 0.000"),
        ((1.0, 2.0, ""), "1.000 + 2.000 = 3.000"),
        ((0.0012, 0.0034), "0.001200 + 0.003400 = 0.004600 → ReLU → 0.004600"),
        ((0.0, 0.0), "0.000 + 0.000 = 0.000 → ReLU → 0.000"),
    ],
)
def test_a_pixel_is_written_out(values, written):
    assert formula(parts(*values), 0, 0, 0) == written


def test_the_pixel_is_the_most_telling_one_until_one_is_chosen(comparison):
    side = comparison.sides.first
    x, y = pixel_of(comparison, "layer3.2", Spot())
    heaviest = side.analysis.features["layer3.2"][0, by_weight(side, "layer3.2")[0]]
    assert heaviest[int(y * 8), int(x * 8)] == heaviest.max()
    x, y = pixel_of(comparison, "conv1", Spot())
    cam = side.analysis.cams["conv1"][0]
    assert cam[int(y * 32), int(x * 32)] == cam.max()
    assert pixel_of(comparison, "conv1", Spot(3, (0.2, 0.7))) == (0.2, 0.7)


def test_both_blocks_are_opened_at_one_pixel_on_one_scale(comparison):
    opened = opened_channels(comparison, "layer2.1.conv1", Spot(1, (0.5, 0.99)), side_length=20)
    assert {one.block for one in opened} == {"layer2.1"}
    assert {(one.row, one.column) for one in opened} == {(15, 8)}
    assert opened.first.high == opened.second.high
    assert list(opened.first.tiles) == ["branch", "shortcut", "join", "output"]
    assert list(opened.second.tiles) == ["branch", "output"]
    assert opened_channels(comparison, "conv1", Spot(), side_length=20).first is None


def test_values_travel_to_the_last_bit(comparison):
    for side in comparison.sides:
        sent = stage_block(side, "layer3.2", CHANNELS + 3)
        assert (sent["start"], sent["count"]) == (CHANNELS, 64)
        page = list(by_weight(side, "layer3.2")[CHANNELS : 2 * CHANNELS])
        assert sent["channels"] == page
        got = np.frombuffer(base64.b64decode(sent["branch"]), "<f4").reshape(CHANNELS, 8, 8)
        assert np.array_equal(got, block_parts(side, "layer3.2").branch[page])
        assert sent["output"] is None  # the browser computes it
        assert (sent["shortcut"] is None) == (side.role == "plain")
    assert opened_at(side, "conv1") is None
