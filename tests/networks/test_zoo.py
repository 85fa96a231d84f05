"""The catalog: each row agrees with its source, and capture works on the network."""

import pytest
import torch
from torch import nn

from resnet_viz.core.errors import SpecError
from resnet_viz.networks.zoo.build_zoo import (
    build_zoo,
    zoo_classes,
    zoo_preprocessing,
    zoo_without_weights,
)
from resnet_viz.networks.zoo.catalog import ZOO, zoo_spec
from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.probe.capture import capture
from resnet_viz.spec import PRESETS

WEIGHTED = (nn.Conv2d, nn.Linear)
ALIKE = ("densenet169", "vgg16_bn", "vgg19_bn")  # each like another here, only deeper
LAST_SHAPES = {
    "lenet5": (120, 1, 1), "alexnet": (256, 13, 13), "vgg11": (512, 14, 14),
    "vgg11_bn": (512, 14, 14), "vgg16": (512, 14, 14), "vgg16_bn": (512, 14, 14),
    "vgg19": (512, 14, 14), "vgg19_bn": (512, 14, 14), "googlenet": (1024, 7, 7),
    "densenet121": (32, 7, 7), "densenet169": (32, 7, 7), "mobilenet_v2": (1280, 7, 7),
    "convnext_tiny": (768, 7, 7),
}  # fmt: skip


def image(row, side=None):
    side = side or row.input_size
    return torch.rand(1, row.input_channels, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in ALIKE else n for n in ZOO]
)
def test_a_row_is_its_network(name):
    row, network = ZOO[name], zoo_without_weights(name).eval()
    assert sum(p.numel() for p in network.parameters()) == row.parameters
    with torch.no_grad():
        found = capture(network, image(row).to("meta"), zoo_spec(name).blocks())
    assert list(found.values) == zoo_spec(name).blocks()  # in order of execution
    assert found.output.shape == (1, row.classes)
    shapes = [tuple(value.shape[1:]) for value in found.values.values()]
    assert all(len(shape) == 3 for shape in shapes)
    assert shapes[-1] == LAST_SHAPES[name]
    assert len(zoo_classes(name)) == row.classes
    assert len(zoo_preprocessing(name).mean) == row.input_channels


def test_names_are_unknown_to_the_presets_and_close_ones_are_offered():
    assert not ZOO.keys() & PRESETS.keys()
    with pytest.raises(SpecError, match="densenet121"):
        build_zoo("densenet12")


@pytest.mark.parametrize("name", [n for n in ZOO if n not in ("googlenet", "convnext_tiny")])
def test_depth_is_the_number_of_weighted_layers(name):
    layers = [m for m in zoo_without_weights(name).modules() if isinstance(m, WEIGHTED)]
    assert len(layers) == ZOO[name].depth


def test_depth_counts_one_way_through_an_inception_and_no_shift_of_a_convnext():
    inceptions = sum("inception" in name for name in zoo_spec("googlenet").blocks())
    assert ZOO["googlenet"].depth == 3 + 2 * inceptions + 1
    layers = [m for m in zoo_without_weights("convnext_tiny").modules() if isinstance(m, WEIGHTED)]
    assert ZOO["convnext_tiny"].depth == len(layers)


@pytest.mark.parametrize("name", [n for n, row in ZOO.items() if row.weights is not None])
def test_weights_are_published_for_the_row(name):
    row = ZOO[name]
    published = weights_named(row.weights)
    assert published.meta["num_params"] == row.parameters
    usual, own = published.transforms(), zoo_preprocessing(name)
    assert (usual.crop_size, usual.resize_size) == ([own.size], [own.resize])
    assert (tuple(usual.mean), tuple(usual.std)) == (own.mean, own.deviation)


def test_seed_decides_every_weight_and_the_global_random_state_rests():
    before = torch.get_rng_state()
    first, again, other = (build_zoo("lenet5", 3, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["conv2.weight"], other["conv2.weight"])
    assert first["fc2.weight"].shape == (3, 84)


def test_convnexts_layer_scales_start_small():
    network = build_zoo("convnext_tiny")
    scales = [value for key, value in network.named_parameters() if "layer_scale" in key]
    assert len(scales) == 18
    assert all((value == 1e-6).all() for value in scales)
    weight = network.get_submodule("features.0.0").weight
    assert weight.std().item() == pytest.approx((2 / (96 * 16)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v2", "googlenet", "lenet5"])
def test_looking_at_every_layer_changes_no_output(name):
    """In-place activations would overwrite what was captured before them."""
    row, network = ZOO[name], build_zoo(name).eval()
    batch = image(row, 64 if row.input_size > 64 else None)
    with torch.no_grad():
        alone = network(batch)
        found = capture(network, batch, None)
    assert torch.equal(found.output, alone)
    assert set(zoo_spec(name).blocks()) - {"features.pool0"} <= found.values.keys() | {
        "tanh1", "tanh2", "tanh3"
    }  # fmt: skip


def test_lenet_is_that_of_its_source():
    rows = dict(zoo_without_weights("lenet5").named_parameters())
    counts = {name: value.numel() for name, value in rows.items() if name.endswith("weight")}
    assert counts == {
        "conv1.weight": 6 * 25, "conv2.weight": 16 * 6 * 25, "conv3.weight": 120 * 16 * 25,
        "fc1.weight": 84 * 120, "fc2.weight": 10 * 84,
    }  # fmt: skip
