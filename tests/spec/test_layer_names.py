"""A layer's name contains stage, block and part, and every layer can be selected."""

import pytest
import torch
from hypothesis import given, settings

from resnet_viz import NetworkSpec, ResNet
from resnet_viz.probe.capture import default_layers
from resnet_viz.spec import Block, Order, Shortcut
from resnet_viz.spec.layer_names import block_of, inside_block, on_shortcut, stage_of
from resnet_viz.spec.plan import plan, selectable_layer
from tests.networks.specs import fields

POST = NetworkSpec(depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION, stem_width=3)
PRE = NetworkSpec(
    block=Block.BOTTLENECK, depths=(1, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION,
    order=Order.PRE,
)  # fmt: skip


def test_block_of_a_layer_is_found_and_the_stem_has_none():
    assert block_of("layer2.1.conv2", POST.blocks()) == "layer2.1"
    assert block_of("layer2.1", POST.blocks()) == "layer2.1"
    assert block_of("layer2.10.conv2", POST.blocks()) is None
    assert block_of("conv1", POST.blocks()) is None
    assert block_of("features.3.branch.0", ["features.0", "features.3"]) == "features.3"


def test_names_are_taken_apart():
    assert [inside_block(n) for n in ("layer1.0.downsample.1", "layer1.0.bn2", "bn1")] == [
        "downsample.1", "bn2", "bn1",
    ]  # fmt: skip
    assert (stage_of("layer2.1.conv2"), stage_of("conv1")) == ("layer2", "conv1")
    assert on_shortcut("layer1.0.downsample.0")
    assert on_shortcut("layer1.0.downsample")
    assert not on_shortcut("layer1.0.conv1")


@pytest.mark.parametrize(
    ("spec", "layer", "represented_by"),
    [
        (POST, "layer1.0.bn2", "layer1.0.conv2"),
        (POST, "layer1.0.downsample.1", "layer1.0.downsample.0"),
        (POST, "layer2.1.relu1", "layer2.1"),
        (POST, "layer2.1.relu", "layer2.1"),
        (POST, "layer2.1.branch", "layer2.1"),
        (POST, "bn1", "conv1"),
        (POST, "relu", "conv1"),
        (POST, "fc", "fc"),
        (PRE, "layer1.0.bn2", "layer1.0.conv2"),
        (PRE, "bn_last", "layer2.1"),
        (PRE, "relu_last", "layer2.1"),
        (POST, "elsewhere", "elsewhere"),
    ],
)
def test_a_layer_is_represented_by_its_convolution_or_block(spec, layer, represented_by):
    assert selectable_layer(spec, layer) == represented_by


@given(fields())
@settings(max_examples=30, deadline=None)
def test_every_layer_of_any_design_is_represented_by_one_that_pages_list(values):
    spec = NetworkSpec(**values)
    with torch.device("meta"):
        network = ResNet(spec)
    listed = default_layers(network)
    assert {selectable_layer(spec, name) for name in network.tap_names()} <= {*listed}


@given(fields())
@settings(max_examples=30, deadline=None)
def test_stages_of_a_spec_are_the_blocks_of_its_plan(values):
    spec = NetworkSpec(**values)
    blocks = plan(spec).blocks
    assert [name for stage in spec.stages for name in stage] == [block.name for block in blocks]
    assert [len(stage) for stage in spec.stages] == list(spec.depths)
