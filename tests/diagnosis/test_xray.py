"""The X-ray of a checkpoint: what it counts, what stands beside it, and how it is drawn."""

import json
from dataclasses import replace

import pytest
import torch

from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.diagnose import diagnose, identified
from resnet_viz.diagnosis.pictures import bundled_batch
from resnet_viz.diagnosis.xray import histogram, xray
from resnet_viz.figures.xray_drawing import histogram_figure, worst_findings, xray_figure
from resnet_viz.records import CheckFinding, Quantity, Severity, Xray
from tests.checkpoints.identifying.test_wild import weights
from tests.diagnosis.test_unknown import OTHERS
from tests.report.test_checkpoint_code import SMALL


@pytest.fixture(scope="module")
def found():
    return identified(weights(SMALL))


@pytest.fixture(scope="module")
def seen_through(found):
    return xray(found, bundled_batch(found.preprocessing))


def test_a_histogram_counts_every_value_and_keeps_both_ends():
    values = torch.linspace(-1, 3, 1001)
    bins = histogram(values)
    assert sum(bins.counts) == 1001
    assert (bins.low, bins.high, bins.lost) == (-1, 3, 0)
    assert max(bins.counts) - min(bins.counts) <= 2
    assert bins.centres[0] == pytest.approx(-1 + 4 / len(bins.counts) / 2)
    assert sum(bins.shares) == pytest.approx(1)


def test_one_wild_value_among_many_is_in_the_last_bin():
    values = torch.zeros(1_000_001)
    values[777_777] = 500.0
    assert histogram(values).counts[-1] == 1
    assert histogram(values).high == 500


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        ([float("nan")] * 3, 3),
        ([1.0, float("inf"), 2.0], 1),
        ([7.0] * 4, 0),
        ([0.0], 0),
        ([1e30], 0),
    ],
)
def test_strange_values_are_counted_or_left_out_and_said(values, lost):
    bins = histogram(torch.tensor(values))
    assert bins.lost == lost
    assert sum(bins.counts) == len(values) - lost
    assert bins.low < bins.high


def test_every_layer_has_what_it_is_made_of(seen_through):
    layers = seen_through.layers
    assert list(layers)[:3] == ["conv1", "bn1", "relu"]
    assert list(layers["layer2.0.conv2"]) == [Quantity.WEIGHTS]
    assert list(layers["layer1.0.bn1"]) == [Quantity.SCALES, Quantity.MEANS, Quantity.VARIANCES]
    assert list(layers["layer2.0.relu"]) == [Quantity.ACTIVATIONS]
    assert sum(layers["conv1"][Quantity.WEIGHTS].counts) == 4 * 3 * 9
    assert layers["layer1.0.relu"][Quantity.ACTIVATIONS].low == 0


def test_statistics_that_fit_lie_around_zero_and_others_where_they_are(found):
    batch = bundled_batch(found.preprocessing)[:64]
    shifted = identified(weights(SMALL))
    set_statistics(shifted.network, batch)
    exact = xray(shifted, batch).layers["layer1.0.bn2"]
    assert abs(exact[Quantity.MEANS].high) < 1
    norm = shifted.network.get_submodule("layer1.0.bn2")
    norm.running_var.mul_(16)
    moved = xray(shifted, batch).layers["layer1.0.bn2"][Quantity.VARIANCES]
    centre = sum(c * s for c, s in zip(moved.centres, moved.shares, strict=True))
    assert centre == pytest.approx(-4, abs=0.1)  # 16 times the variance


def test_only_a_network_of_three_stages_has_a_healthy_one_beside_it(seen_through):
    assert seen_through.healthy is None
    assert seen_through.beside is None


def test_the_layer_beside_is_the_one_at_the_same_share_of_the_way():
    three = identified(weights(replace(SMALL, depths=(1, 2, 1), widths=(4, 8, 16))))
    seen = xray(three, bundled_batch(three.preprocessing))
    assert seen.healthy == "resnet20"
    assert seen.beside is not None
    assert set(seen.beside) == set(seen.layers)
    assert sum(seen.beside["layer2.1.conv1"][Quantity.WEIGHTS].counts) == 32 * 32 * 9


def test_a_network_with_nan_is_not_run(found):
    broken = identified(weights(SMALL))
    broken.network.get_submodule("conv1").weight.data[0] = float("nan")
    seen = xray(broken, bundled_batch(found.preprocessing))
    assert seen.pictures == 0
    assert seen.answers == ()
    assert seen.layers["conv1"][Quantity.WEIGHTS].lost == 27
    assert "relu" not in seen.layers


def test_a_record_survives_json(seen_through):
    assert decode(Xray, json.loads(json.dumps(encode(seen_through)))) == seen_through


def finding(severity, layer):
    return CheckFinding("dead_filters", severity, layer, 1.0, 0.5)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_layer_has_the_colour_of_its_worst_finding(language):
    report = diagnose(OTHERS["vgg"]())
    first, second = (layer.name for layer in report.layers[:2])
    findings = (
        finding(Severity.NOTE, first),
        replace(
            finding(Severity.WARN, first),
            consequences=(finding(Severity.FAIL, f"{second}.weight"),),
        ),
        finding(Severity.FAIL, None),
    )
    report = replace(report, findings=findings)
    worst = worst_findings(report)
    assert worst[first] is Severity.WARN
    assert worst[second] is Severity.FAIL
    assert {*list(worst.values())[2:]} <= {Severity.OK}
    figure = xray_figure(report, first, Text(language))
    marks = {name: trace.marker.symbol for trace in figure.data if trace.customdata is not None
             for name in trace.customdata}  # fmt: skip
    assert marks[first] == "diamond"
    assert marks[second] == "x"
    assert len(marks) == len(report.layers)


def test_histograms_are_drawn_with_names_escaped(seen_through):
    bins = seen_through.layers["conv1"][Quantity.WEIGHTS]
    figure = histogram_figure(Quantity.WEIGHTS, bins, bins, ("<b>own</b>", "healthy"), Text("en"))
    assert [trace.name for trace in figure.data] == ["healthy", "&lt;b&gt;own&lt;/b&gt;"]
    assert figure.layout.yaxis.type == "log"
