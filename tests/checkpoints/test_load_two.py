"""Any two networks side by side: designs, the catalog, presets and files."""

import json
from dataclasses import replace

import pytest
from safetensors.torch import save_file

from resnet_viz import NetworkRef, NetworkSpec, Weights, WeightSource, compare, load, load_two
from resnet_viz.checkpoints.weight_sources import weight_sources
from resnet_viz.cli import app
from resnet_viz.core.errors import CheckpointError, LayerError, OptionError, SpecError
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    Quantity,
    cam_rows,
    gradient_curves,
)
from resnet_viz.figures.stage_drawing import stage_maps, strip_rows
from resnet_viz.figures.strip import strip_svg
from resnet_viz.networks.zoo.build_zoo import build_zoo, zoo_without_weights
from resnet_viz.networks.zoo.catalog import ZOO, zoo_spec
from resnet_viz.pictures.samples import sample_picture
from resnet_viz.probe.capture import layer_names
from resnet_viz.report.comparison_code import python_lines
from resnet_viz.report.comparison_document import comparison_document
from tests.networks.unchecked import unchecked
from tests.source import ROOT

EN = Text("en")
SMALL = NetworkSpec(depths=(1, 1, 1), widths=(4, 8, 16))
SMALLER = NetworkSpec(depths=(2,), widths=(4,))


@pytest.fixture(scope="module")
def unlike():
    """LeNet-5 beside a small residual design of grey images: no layer has the same name."""
    design = NetworkSpec(depths=(1, 2), widths=(4, 8), input_channels=1)
    pair = load_two(NetworkRef("lenet5"), NetworkRef(design))
    return compare(pair, sample_picture("cat"))


def test_two_unlike_networks_are_matched_by_their_place(unlike):
    assert not unlike.twins
    first, second = (side.spec.blocks() for side in unlike.sides)
    assert unlike.layers_at(first[0]).second == second[0]
    assert unlike.layers_at(first[-1]).second == second[-1]
    assert unlike.layers_at("conv1").second == "conv1"


def test_a_layer_that_there_is_not_lists_close_matches(unlike):
    with pytest.raises(LayerError, match="conv1"):
        unlike.layers_at("conv11")
    twins = replace(unlike, sides=unlike.sides.map(lambda _: unlike.sides.first))
    with pytest.raises(LayerError, match="conv1"):
        twins.layers_at("conv11")


def test_a_network_is_loaded_by_its_name():
    assert load("lenet5").spec.name == load(NetworkRef.parse("lenet5")).spec.name
    assert load_two("resnet20", "plain20").second.spec.name == "plain20"
    for wrong in (None, 20, SMALL):
        with unchecked(), pytest.raises(OptionError, match="NetworkRef"):
            load(wrong)


def test_every_figure_draws_two_unlike_networks(unlike):
    svg = "".join(strip_svg(row, None, 900, EN) for row in strip_rows(unlike, "tanh2", EN))
    assert svg.count('aria-selected="true"') == 2
    assert svg.count('data-layer="tanh') == 6  # a click on either row selects in the first one
    rows = cam_rows(unlike, "tanh2", opacity=0.5, own=False, columns=3)
    assert rows.first.colour_range == rows.second.colour_range
    maps = stage_maps(unlike)
    assert set(maps.first["maps"]) == set(maps.second["maps"]) == set(unlike.layers)
    for quantity in Quantity:
        curves = gradient_curves(unlike, quantity, EN)
        assert [curve.label for curve in curves] == [
            "LeNet-5",
            "ResNet of 1-2 blocks, 4–8 channels",
        ]
        assert all(len(curve.layers) > 3 for curve in curves)
        assert curves[0].head == "fc2"


def test_the_report_tells_both_forms(unlike):
    told = comparison_document(unlike)
    assert told["first"]["network"] == "lenet5"  # no twins, so neither is called one
    assert told["second"]["spec"]["depths"] == (1, 2)


def test_the_lines_of_code_repeat_it(unlike, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)  # the line names the bundled photograph as seen from there
    exec(python_lines(unlike, "tanh3"), {})  # what the page prints for people to run
    printed = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    at = unlike.layers_at("tanh3")
    sides = unlike.sides
    assert printed[0] == pytest.approx(sides.first.analysis.cams[at.first].max(), rel=1e-4)
    assert printed[1] == pytest.approx(sides.second.analysis.cams[at.second].max(), rel=1e-4)


def test_a_design_comes_with_its_twin():
    pair = load_two(NetworkRef(SMALL, Weights(WeightSource.RANDOM, 3)))
    assert pair.second.spec == SMALL.plain()
    own, twin = (loaded.network.state_dict() for loaded in pair)
    assert all(own[key].equal(twin[key]) for key in own if "running" not in key)


def test_a_network_without_a_twin_needs_a_second():
    with pytest.raises(OptionError, match="no plain twin"):
        load_two(NetworkRef("lenet5"))
    with pytest.raises(OptionError, match="no plain twin"):
        load_two(NetworkRef(SMALL.plain()))


def test_networks_of_other_pictures_or_classes_are_refused():
    with pytest.raises(OptionError, match="same input"):
        load_two(NetworkRef("lenet5"), NetworkRef("resnet20"))
    wide = NetworkSpec(depths=(1,), widths=(4,), input_channels=5)
    with pytest.raises(SpecError, match="5 channels"):
        load_two(NetworkRef(wide))


def test_one_design_beside_another():
    pair = load_two(NetworkRef(SMALL), NetworkRef(SMALLER))
    found = compare(pair, sample_picture("cat"))
    assert not found.twins
    assert found.layers_at("layer3.0").second == "layer1.1"


@pytest.mark.parametrize("name", ZOO)
def test_every_catalog_network_has_its_steps_among_its_layers(name):
    assert set(zoo_spec(name).blocks()) <= set(layer_names(zoo_without_weights(name)))
    assert weight_sources(name)[-1] is WeightSource.RANDOM
    assert (WeightSource.PRETRAINED in weight_sources(name)) == (name != "lenet5")


def test_alexnet_stands_beside_a_residual_network():
    pair = load_two(NetworkRef("alexnet"), NetworkRef("resnet18"))
    found = compare(pair, sample_picture("cat"))
    assert set(found.sides.first.spec.blocks()) <= set(found.layers)
    assert found.layers_at("features.11").second == "layer4.1"


def test_a_file_fills_a_catalog_network_and_a_wrong_one_says_what_differs(tmp_path):
    weights = build_zoo("lenet5", seed=7).state_dict()
    save_file(weights, tmp_path / "mine.safetensors")
    ref = NetworkRef.parse("lenet5", str(tmp_path / "mine.safetensors"))
    loaded = load(ref)
    assert loaded.weights == "mine.safetensors"
    assert all(v.equal(weights[k]) for k, v in loaded.network.state_dict().items())
    weights.pop("conv2.bias")
    save_file(weights, tmp_path / "mine.safetensors")
    with pytest.raises(CheckpointError, match=r"9 of 10.*conv2\.bias"):
        load(ref)


def test_the_command_takes_any_second_network(tmp_path, capsys):
    image = str(ROOT / "assets/samples/cat.jpg")
    app(
        ["compare", image, "--network", "resnet20", "--beside", "plain20", "--beside-weights",
         "random", "--out", str(tmp_path / "report"), "--json"],
        standalone_mode=False,
    )  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert told["plain"]["weights"] == "random"
    assert told["residual"]["weights"] == "bundled"
