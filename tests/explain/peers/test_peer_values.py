"""Maps that can be worked out by hand, along one, two and three axes.

A is the input, G = dy/dA = W / 4 everywhere, so that every formula has one right answer.
"""

import numpy as np
import pytest

from resnet_viz import analyze, explain, faithfulness
from tests.explain.peers.peer_networks import FIRST, SECOND, SIDES, Averaged, made, two_channels

ONE, TWO = np.array(FIRST), np.array(SECOND)
NOTHING = np.zeros(4)

#: Method, then the expected map for the classes with W = (4, 0), (0, -4) and (4, -4).
AT_THE_LAYER = [
    ("grad-cam", ONE, NOTHING, [0, 0, 1, 3]),
    ("hires-cam", ONE, NOTHING, [0, 0, 1, 3]),
    ("xgrad-cam", ONE, NOTHING, [0, 0, 1, 3]),
    ("layer-cam", ONE, NOTHING, ONE),
    ("element-wise", ONE, NOTHING, ONE),
    ("grad-cam++", ONE / 3, NOTHING, ONE / 3),  # G^2 / (2 G^2 + 10 G^3), four times
    ("activation-norm", np.hypot(ONE, TWO), np.hypot(ONE, TWO), np.hypot(ONE, TWO)),
    ("ablation-cam", ONE, NOTHING, [0, 0, 10, 30]),  # y is 10, -10 and 0
]
AT_THE_INPUT = [
    ("saliency", [1] * 4, [1] * 4, [1] * 4),
    ("input-x-gradient", ONE, -TWO, ONE - TWO),
    ("integrated-gradients", ONE, -TWO, ONE - TWO),
    ("deep-lift", ONE, -TWO, ONE - TWO),
    ("lrp", ONE, -TWO, ONE - TWO),
    ("feature-ablation", ONE, -TWO, ONE - TWO),
    ("full-grad", (ONE - 1) / 3, (TWO - 1) / 3, [1] * 4),
]


def rows(table):
    return [
        pytest.param(axes, method, target, expected, id=f"{axes}d-{method}-{target}")
        for axes in SIDES
        for method, *maps in table
        for target, expected in enumerate(maps)
    ]


@pytest.fixture(scope="module")
def networks():
    return {axes: made(lambda axes=axes: Averaged(axes)) for axes in SIDES}


@pytest.mark.parametrize(("axes", "method", "target", "expected"), rows(AT_THE_LAYER))
def test_a_map_at_a_layer_is_the_one_worked_out_by_hand(networks, axes, method, target, expected):
    found = explain(networks[axes], two_channels(axes), method, layer="conv", target=target)
    assert found.map.shape == SIDES[axes]
    np.testing.assert_allclose(found.map.ravel(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("axes", "method", "target", "expected"), rows(AT_THE_INPUT))
def test_a_map_of_the_input_is_the_one_worked_out_by_hand(networks, axes, method, target, expected):
    found = explain(networks[axes], two_channels(axes), method, target=target)
    assert found.map.shape == SIDES[axes]
    np.testing.assert_allclose(found.map.ravel(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["integrated-gradients", "deep-lift", "lrp", "full-grad"])
@pytest.mark.parametrize("axes", SIDES)
def test_shares_add_up_to_the_score(networks, axes, method):
    found = explain(networks[axes], two_channels(axes), method, target=0).completeness
    assert found.attributed == pytest.approx(10, rel=1e-4)
    assert found.error < 1e-3


@pytest.mark.parametrize("axes", SIDES)
def test_a_class_against_another_is_the_difference(networks, axes):
    found = explain(networks[axes], two_channels(axes), "input-x-gradient", target=0, against=1)
    np.testing.assert_allclose(found.map.ravel(), ONE + TWO, rtol=1e-5)


@pytest.mark.parametrize("axes", SIDES)
def test_an_enlarged_map_has_as_many_axes(networks, axes):
    found = explain(networks[axes], two_channels(axes), "grad-cam", layer="conv", target=0)
    analysis = analyze(networks[axes], two_channels(axes), target=0, layers="conv")
    size = tuple(2 * side for side in SIDES[axes])
    np.testing.assert_array_equal(found.upsampled(size), found.upsampled(*size))
    np.testing.assert_allclose(analysis.upsampled("conv", size)[0], found.upsampled(size))
    assert found.upsampled(6).shape == (6,) * axes


@pytest.mark.parametrize("axes", SIDES)
def test_every_measure_works_along_every_axis(networks, axes):
    found = explain(networks[axes], two_channels(axes), "grad-cam", layer="conv", target=0)
    scores = {s.name: s.value for s in faithfulness(networks[axes], two_channels(axes), found)}
    assert len(scores) == 10
    assert all(np.isfinite(value) for value in scores.values())


def test_no_relevance_of_a_signed_map_is_not_seen(networks):
    found = explain(networks[2], two_channels(2), "input-x-gradient", target=1)  # below zero
    scores = {s.name: s for s in faithfulness(networks[2], two_channels(2), found,
                                              measures="average_drop")}  # fmt: skip
    dark = networks[2](two_channels(2) * 0).softmax(1)[0, 1].item()
    seen = networks[2](two_channels(2)).softmax(1)[0, 1].item()
    assert scores["average_increase"].value == float(dark > seen)
