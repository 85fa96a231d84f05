"""A drawing's shortcuts are those that the network really has."""

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from resnet_viz import NetworkSpec, ResNet
from resnet_viz.figures.comparison_drawing import shortcut_styles
from resnet_viz.networks.resnet.shortcuts import Projection, ZeroPad
from resnet_viz.spec import PRESETS
from resnet_viz.spec.plan import plan
from tests.networks.specs import fields

STYLES = {nn.Identity: "identity", ZeroPad: "padding", Projection: "projection", type(None): None}


def built_styles(spec):
    with torch.device("meta"):
        return [STYLES[type(block.downsample)] for block in ResNet(spec).blocks()]


def check_styles(spec):
    drawn = shortcut_styles(spec)
    assert drawn == [None if block.way == "none" else block.way for block in plan(spec).blocks]
    assert drawn == built_styles(spec)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_drawn_with_the_shortcuts_they_have(name):
    check_styles(NetworkSpec.preset(name))


@given(fields())
@settings(max_examples=50, deadline=None)
def test_any_design_is_drawn_with_the_shortcuts_it_has(values):
    check_styles(NetworkSpec(**values))


@pytest.mark.parametrize("name", ["wrn-28-10", "wrn-40-4"])
def test_first_block_of_a_wide_network_is_drawn_as_a_projection(name):
    assert shortcut_styles(NetworkSpec.preset(name))[:2] == ["projection", "identity"]
