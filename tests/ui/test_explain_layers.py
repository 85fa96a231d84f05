"""The layer of another network that corresponds to a layer."""

from resnet_viz.spec import NetworkSpec
from resnet_viz.ui.explain.form import layer_beside, map_layers_of

OURS, THEIRS = (map_layers_of(NetworkSpec.preset(name)) for name in ("resnet20", "resnet56"))


def test_twins_and_stems_keep_the_name():
    assert layer_beside("layer2.1", OURS, OURS) == "layer2.1"
    assert layer_beside("conv1", OURS, THEIRS) == "conv1"


def test_others_have_the_block_at_the_same_share_of_the_way():
    assert layer_beside("layer1.0", OURS, THEIRS) == "layer1.0"
    assert layer_beside("layer2.1", OURS, THEIRS) == "layer2.4"
    assert layer_beside("layer3.8", THEIRS, OURS) == "layer3.2"
    assert layer_beside("conv1", OURS, ["features.0", "features.3"]) == "features.0"
