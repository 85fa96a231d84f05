"""Plots drop no value silently, and captions are computed from the numbers."""

import numpy as np
import pytest

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.figures.comparison_drawing import (
    Quantity,
    cam_range,
    gradient_curves,
)
from resnet_viz.figures.gradient_plot import (
    GradientCurve,
    first_over_last,
    gradient_caption,
    gradient_figure,
)
from resnet_viz.figures.prediction_plot import (
    PredictionSide,
    percent,
    prediction_caption,
    prediction_figure,
)
from resnet_viz.figures.theme import log_axis
from resnet_viz.records import TWINS, Pair, Prediction, Role

EN = Text("en")
SVG = "{http://www.w3.org/2000/svg}"


def curve(*values, role=Role.PLAIN, label="plain-56"):
    layers = (*tuple(f"layer1.{i}.conv1" for i in range(len(values) - 1)), "fc")
    return GradientCurve(role, label, layers, np.array(values, np.float64))


def drawn(figure, **wanted):
    return [t for t in figure.data if all(getattr(t, k) == v for k, v in wanted.items())]


def figure_of(*curves, selected=None):
    return gradient_figure(curves, quantity="weight", score="loss", selected=selected, text=EN)


def test_ratio_is_of_convolutions_and_leaves_the_head_out():
    assert first_over_last(curve(8.0, 3.0, 2.0, 100.0)) == 4.0


@pytest.mark.parametrize("last", [0.0, np.nan, np.inf])
def test_ratio_to_nothing_is_not_a_number(last):
    assert np.isnan(first_over_last(curve(1.0, last, 1.0)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1900.0, 1.0, 5.0), "plain-56: grows 1,900 times towards the input."),
        ((0.001, 1.0, 5.0), "plain-56: shrinks 1,000 times towards the input."),
        ((1.5, 1.0, 5.0), "plain-56: keeps its size (1.5 times from output to input)."),
        ((3e7, 1.0, 5.0), "plain-56: grows 3 × 10⁷ times towards the input."),
        ((0.0, 1.0, 5.0), "1 layers are zero or not finite"),
        ((np.nan, np.inf, 5.0), "2 layers are zero or not finite"),
    ],
)
def test_caption_says_what_the_numbers_say(values, words):
    assert words in gradient_caption([curve(*values)], EN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_caption_names_both_networks(language):
    both = [curve(9.0, 1.0, 1.0), curve(1.0, 1.0, 1.0, role=Role.RESIDUAL, label="ResNet-56")]
    caption = gradient_caption(both, Text(language))
    assert "plain-56" in caption
    assert "ResNet-56" in caption


def test_zeros_and_not_finite_values_are_drawn_apart_and_named():
    figure = figure_of(curve(0.0, np.nan, 2.0, np.inf, 4.0))
    line, lost = figure.data
    assert list(line.x) == [2, 4]
    assert list(lost.x) == [0, 1, 3]
    assert all(0 < y < 2.0 for y in lost.y)
    assert "3 zero or not finite" in lost.name
    assert "nan" in lost.customdata[1]


def test_healthy_curves_have_no_lost_values():
    assert len(figure_of(curve(1.0, 2.0, 3.0)).data) == 1


def test_each_kind_keeps_its_colour_and_marker():
    figure = figure_of(curve(1.0, 2.0), curve(1.0, 2.0, role=Role.RESIDUAL, label="r"))
    plain, residual = figure.data
    assert (plain.line.color, plain.marker.symbol) == ("#ea580c", "square")
    assert (residual.line.color, residual.marker.symbol) == ("#2563eb", "circle")


def test_selected_layer_is_marked():
    assert len(figure_of(curve(1.0, 2.0, 3.0), selected="layer1.1").layout.shapes) == 1
    assert not figure_of(curve(1.0, 2.0, 3.0), selected="layer1.10").layout.shapes


def test_networks_of_different_depth_stand_at_the_same_share_of_the_way():
    shallow = curve(1.0, 2.0, 3.0, role=Role.SECOND, label="ResNet-8")
    deep = curve(*range(1, 8), role=Role.FIRST, label="ResNet-20")
    figure = figure_of(deep, shallow, selected=Pair("layer1.4", "layer1.1"))
    first, second = figure.data
    assert list(first.x) == [0, 1, 2, 3, 4, 5, 6]
    assert list(second.x) == [0, 3, 6]  # both heads at the end
    assert [line.x0 for line in figure.layout.shapes] == [4, 3]  # each network's own layer
    assert figure.layout.shapes[1].line.color == second.line.color
    assert "ResNet-20" in figure.layout.xaxis.title.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.0, 1900.0), "plain-56: grows 1,900 times towards the output."),
        ((1000.0, 1.0), "plain-56: shrinks 1,000 times towards the output."),
        ((1.0, 1.5), "plain-56: keeps its size (1.5 times from input to output)."),
    ],
)
def test_a_signal_is_told_forwards(values, words):
    blocks = GradientCurve(Role.PLAIN, "plain-56", ("layer1.0", "layer1.1"), np.array(values))
    assert gradient_caption([blocks], EN, forward=True) == words


def test_hostile_labels_are_letters():
    figure = prediction_figure(
        Pair(
            PredictionSide(Role.FIRST, "<b>", [Prediction(0, "<img src=x>", 0.5)]),
            PredictionSide(Role.SECOND, "p", [Prediction(0, "a", 0.5)]),
        )
    )
    assert "<img" not in figure.to_json()
    assert "&lt;img" in figure.data[0].customdata[0]


@pytest.mark.parametrize(
    ("residual", "plain", "words"),
    [
        ((3, 0.93), (3, 0.71), "Both say cat; R is more confident (93% against 71%)."),
        ((3, 0.5), (3, 0.9), "Both say cat; P is more confident (90% against 50%)."),
        ((3, 0.801), (3, 0.8), "Both say cat, with equal confidence (80%)."),
        ((3, 0.9), (5, 0.6), "They disagree: R says cat (90%), P says dog (60%)."),
    ],
)
def test_prediction_caption_says_who_is_more_confident(residual, plain, words):
    labels = {3: "cat", 5: "dog"}
    answers = Pair(residual, plain).map(lambda one: [Prediction(one[0], labels[one[0]], one[1])])
    sides = TWINS.join(Pair("R", "P")).join(answers)
    both = sides.map(lambda side: PredictionSide(*side[0], side[1]))
    assert prediction_caption(both, EN) == words


def test_small_shares_keep_a_digit():
    assert [percent(p) for p in (0.999, 0.42, 0.004, 0.0)] == ["100%", "42%", "0.4%", "0%"]


def test_comparison_offers_the_same_layers_on_both_sides(comparison):
    layers = comparison.layers
    assert layers[0] == "conv1"
    assert layers[-1] == "layer3.2"
    assert "fc" not in layers
    for side in comparison.sides:
        assert set(layers) <= set(side.analysis.cams)


def test_shared_scale_is_one_scale_and_own_scale_is_not(comparison):
    shared = cam_range(comparison, "layer3.2", own=False)
    own = cam_range(comparison, "layer3.2", own=True)
    assert shared.first == shared.second
    assert own.first.high <= shared.first.high
    assert {own.first.high, own.second.high} >= {shared.first.high}


@pytest.mark.parametrize("quantity", Quantity)
def test_curves_have_a_value_for_each_layer_of_both(comparison, quantity):
    residual, plain = gradient_curves(comparison, quantity, EN)
    assert residual.layers == plain.layers
    assert len(residual.layers) == {"activation": 10}.get(quantity, 20)
    assert residual.drawable.all()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.3, 40, ["0.5", "1", "2", "5", "10", "20", "50"]),
        (2e-5, 3e4, ["10⁻⁴", "0.01", "1", "100", "10,000"]),
        (1.2, 1.9, ["1", "2"]),
        (1e-30, 1, None),
    ],
)
def test_every_tick_of_a_logarithmic_axis_is_a_whole_number(low, high, ticks):
    axis = log_axis([low, 0, float("nan"), float("inf"), high])
    assert axis["type"] == "log"
    assert 2 <= len(axis["ticktext"]) <= 8
    assert all(low / 1.3 <= tick <= high * 1.3 for tick in axis["tickvals"])
    if ticks is not None:
        assert axis["ticktext"] == ticks


def test_a_logarithmic_axis_without_values_has_no_ticks_of_ours():
    assert log_axis([]) == {"type": "log"}
