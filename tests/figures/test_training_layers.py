"""What the Train page draws of layers, classes and several runs."""

import math
from itertools import pairwise

import pytest

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import SERIES, stage_ticks
from resnet_viz.figures.training_curves import live_curves
from resnet_viz.figures.training_layers import MOST_CLASSES, counts_figure, layers_figure
from resnet_viz.figures.training_plots import RunCurve, by_kind, measured_steps, runs_figure
from resnet_viz.records import Epoch, TrainingPoint, TrainingStep

EN = Text("en")


def test_each_run_has_its_colour_and_each_kind_its_marker():
    curves = [
        RunCurve(title, kind, [1, 2], [0.5, 0.25], [0.6, 0.3])
        for title in ("<b>one</b>", "two")
        for kind in ("residual", "plain")
    ]
    traces = runs_figure(curves, EN).data
    assert len(traces) == 8  # test and training of four networks
    assert [t.line.color for t in traces] == [SERIES[0]] * 4 + [SERIES[1]] * 4
    assert {t.marker.symbol for t in traces[:2]} == {"circle", "circle-open"}
    assert {t.marker.symbol for t in traces[2:4]} == {"square", "square-open"}
    assert list(traces[0].y) == [50, 25]
    assert "<b>" not in traces[0].name


def test_layers_are_drawn_in_order_for_both_networks():
    values = {"residual": {"conv1": 0.0, "layer1.0.conv1": 2.0}, "plain": {"conv1": 1.0}}
    residual, plain = layers_figure(values, "change", EN).data
    assert (list(residual.x), list(residual.y)) == ([0, 1], [0.0, 2.0])
    assert (list(plain.x), list(plain.y)) == ([0], [1.0])


def test_update_ratios_are_drawn_and_an_exact_zero_is_left_out():
    steps = [
        TrainingStep("residual", s, 1.0, 0.1, {}, {"conv1": 0.0, "fc": 10.0**-s}) for s in (2, 1)
    ]
    (drawn,) = measured_steps(by_kind(steps), "update_ratios", EN).data
    assert [round(float(v), 6) for v in drawn.z[1]] == [-1, -2]
    assert all(math.isnan(v) for v in drawn.z[0])  # no colour
    assert drawn.hovertext[0][0] == "0"


def test_a_column_of_the_heat_map_reaches_to_the_next_measured_step():
    steps = [TrainingStep("plain", s, 1.0, 0.1, {"fc": 1.0}, {}) for s in (0, 1, 5)]
    (drawn,) = measured_steps(by_kind(steps), "gradient_norms", EN, done=9).data
    assert list(drawn.x) == [0, 1, 5, 9]
    assert drawn.text[0][1] == "fc, step 1"
    (drawn,) = measured_steps(by_kind(steps), "gradient_norms", EN).data
    assert list(drawn.x) == [0, 1, 5, 6]


def test_live_curves_are_solid_for_batches_and_dashed_for_test_images():
    epochs = by_kind([one_epoch("plain", 1), one_epoch("plain", 2)])
    points = [TrainingPoint(s, {"plain": 2.0}, {"plain": 0.5}) for s in (1, 0)]
    *_, train, test = live_curves(epochs, points, "error", EN, per_epoch=10).data
    assert (list(train.x), list(train.y), train.line.dash) == ([0, 1], [50, 50], "solid")
    assert (list(test.x), list(test.y), test.line.dash) == ([10, 20], [25, 25], "dash")
    *_, train, _ = live_curves(epochs, [], "error", EN, per_epoch=10).data  # of an older version
    assert (list(train.x), list(train.y)) == ([10, 20], [75, 75])
    assert len(live_curves({}, [], "loss", EN, per_epoch=10).data) == 4


def one_epoch(kind, number):
    return Epoch(kind, number, 1.5, 0.75, 1.0, 0.25, 900.0, 0.1, (0.5,), {}, {})


def test_a_confusion_matrix_is_drawn_while_it_can_be_read():
    figure = counts_figure([[3, 1], [0, 4]], ["cat", "<i>"], EN)
    assert figure is not None
    assert figure.data[0].z[0][1] == 1
    assert list(figure.data[0].x) == ["cat", "&lt;i&gt;"]
    many = MOST_CLASSES + 1
    assert counts_figure([[0] * many] * many, ["x"] * many, EN) is None


@pytest.mark.parametrize("blocks", [1, 9])
def test_names_of_stages_never_stand_closer_than_a_line(blocks):
    layers = ["conv1", *(f"layer{s}.{b}" for s in (1, 2, 3) for b in range(blocks)), "fc"]
    places, names = stage_ticks(layers)
    assert names[0] == "conv1"
    apart = [b - a for a, b in pairwise(places)]
    assert min(apart) >= len(layers) / 12
