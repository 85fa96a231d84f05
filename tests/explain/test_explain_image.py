"""Every method in the table: it works, agrees with captum, or refuses in one sentence."""

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.core.errors import LayerError, NetworkError, OptionError, TargetError
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.explaining import explaining
from resnet_viz.explain.methods import METHODS, method_named
from resnet_viz.explain.raw_map import PassesDone
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.map_facts import Blank
from resnet_viz.spec import Shortcut
from tests.probe.hand_made import Reused, close, images, seeded, settled, small

QUICK = {"samples": 16, "steps": 8, "cells": 4}


def quick(method):
    return {o.name: QUICK[o.name] for o in METHODS[method].options if o.name in QUICK}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shortcut", [Shortcut.NONE, Shortcut.ZERO_PAD, Shortcut.PROJECTION])
def test_every_method_works_on_our_networks(method, shortcut):
    network = small(shortcut)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = explain(network, images(1), method, options=quick(method))
    assert found.map.shape == ((8, 8) if METHODS[method].at_layer else (16, 16)) or (
        method == "guided-grad-cam"
    )
    assert np.isfinite(found.map).all()
    assert found.map.any() or found.blank is not None
    assert not found.map.flags.writeable
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())


@pytest.mark.parametrize("method", METHODS)
def test_a_small_picture_whose_last_map_is_one_position_is_explained(method):
    network = build(NetworkSpec(depths=(1, 1, 1), widths=(4, 8, 16)).plain(), seed=0).eval()
    batch = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = explain(network, batch, method, options=quick(method))
    if METHODS[method].at_layer and method != "guided-grad-cam":
        assert found.map.shape == (1, 1)
    assert np.isfinite(found.map).all()
    assert found.map.any() or found.blank is not None


@pytest.mark.parametrize("method", ["integrated-gradients", "deep-lift", "lrp", "full-grad"])
@pytest.mark.parametrize("shortcut", [Shortcut.NONE, Shortcut.ZERO_PAD])
def test_attributions_add_up_to_the_difference_of_scores(method, shortcut):
    options = {"steps": 256} if method == "integrated-gradients" else {}
    found = explain(small(shortcut), images(1), method, options=options).completeness
    assert found.error < 2e-2 * abs(found.difference)
    if method != "integrated-gradients":
        assert found.error < 1e-4 * abs(found.difference)


@pytest.mark.parametrize(
    ("method", "name"),
    [("saliency", "Saliency"), ("guided-backprop", "GuidedBackprop"), ("deep-lift", "DeepLift")],
)
def test_attributions_equal_captums(method, name):
    from captum import attr

    network, batch = small(), images(1)
    found = explain(network, batch, method, target=2)
    with pytest.warns() if method != "saliency" else torch.enable_grad():
        made = getattr(attr, name)(network)
        other = made.attribute(batch.clone().requires_grad_(), target=2).detach()
    close(found.attributions, other[0])


def test_guided_grad_cam_is_the_product():
    network, batch = small(), images(1)
    found = explain(network, batch, "guided-grad-cam", target=1)
    guided = explain(network, batch, "guided-backprop", target=1)
    cam = explain(network, batch, "grad-cam", target=1)
    close(found.attributions, guided.attributions * cam.upsampled(16, 16))


def test_in_place_relus_do_not_matter_on_the_copy():
    network = settled(seeded(lambda: torchvision.models.resnet18(num_classes=5)), images(4, 64))
    found = explain(network, images(1, 64), "guided-backprop", target=1)
    assert found.map.any()
    assert network.relu.inplace


def test_a_reused_module_is_refused_by_name():
    network = settled(seeded(lambda: torchvision.models.resnet18(num_classes=5)), images(4, 64))
    with pytest.raises(NetworkError, match=r"layer1\.0\.relu"):
        explain(network, images(1, 64), "deep-lift")


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.fc = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(self.relu(x))).mean((2, 3)))


def test_functional_relus_are_refused_instead_of_a_plain_gradient():
    for method in ("guided-backprop", "deep-lift"):
        with pytest.raises(NetworkError, match="operation relu"):
            explain(seeded(Functional), images(1), method)
    with pytest.raises(NetworkError, match="has none"):
        explain(nn.Sequential(nn.Flatten(), nn.Linear(768, 3)), images(1), "deconvolution")


def test_smoothgrad_is_the_mean_over_noise():
    network, batch = small(), images(1)
    still = explain(network, batch, "saliency", options={"smooth_samples": 4,
                                                         "smooth_deviation": 0.0})  # fmt: skip
    close(still.map, explain(network, batch, "saliency").map)
    noisy = {"smooth_samples": 8, "smooth_deviation": 0.2}
    one, two = (explain(network, batch, "saliency", options=noisy, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.map, two.map)
    assert not np.allclose(one.map, still.map)


def test_against_is_the_difference_of_two_maps():
    network, batch = small(), images(1)
    both = explain(network, batch, "input-x-gradient", target=1, against=3).map
    one, other = (explain(network, batch, "input-x-gradient", target=t).map for t in (1, 3))
    close(both, one - other)


def test_full_grad_gives_every_pixel_a_share():
    found = explain(small(), images(1), "full-grad")
    assert found.map.shape == (16, 16)
    assert found.map.min() >= 0
    assert found.layer is None


def test_long_methods_say_how_far_they_are():
    steps = list(explaining(small(), images(1), "score-cam", layer="conv1"))
    assert isinstance(steps[0], PassesDone)
    assert steps[-2].done == steps[-2].total == 4
    assert isinstance(steps[-1], Explanation)


def test_one_position_and_tiny_images_have_maps():
    found = explain(small(), images(1, 1))
    assert found.map.shape == (1, 1)
    assert found.blank is Blank.ONE_POSITION
    for method in METHODS:
        explain(small(), images(1, 4), method, options=quick(method))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"method": "grad-cm"}, OptionError, "grad-cam"),
        ({"layer": "layer9"}, LayerError, "layer2.0"),
        ({"layer": "layer9", "method": "saliency"}, LayerError, "layer2.0"),
        ({"layer": "fc"}, LayerError, "no map"),
        ({"target": 5}, TargetError, "from 0 to 4"),
        ({"target": 1, "against": 1}, TargetError, "against itself"),
        ({"options": {"steps": 8}}, OptionError, "no option"),
        ({"method": "lime", "options": {"samples": 2.5}}, OptionError, "whole number"),
        ({"method": "occlusion", "options": {"window": 7}}, OptionError, "0.02 to 1"),
    ],
)
def test_bad_input_is_one_sentence(arguments, error, words):
    with pytest.raises(error, match=words) as caught:
        explain(small(), images(1), **arguments)
    assert "\n" not in str(caught.value)


def test_a_network_without_convolution_is_refused():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(768, 3))
    with pytest.raises(NetworkError, match="no convolution"):
        explain(flat, images(1))
    assert explain(flat, images(1), "saliency").map.any()


def test_names_are_read_with_and_without_hyphens():
    assert method_named("GradCAM").name == "grad-cam"
    assert method_named("integrated_gradients").name == "integrated-gradients"
    assert METHODS["lime"].options_with()["samples"] == 256


def test_the_last_layer_of_a_network_without_blocks_is_the_last_run_of_a_convolution():
    assert explain(seeded(Reused), images(1)).layer == "conv#2"


def test_an_explanation_is_saved_whole(tmp_path):
    explain(small(), images(1), "integrated-gradients").save(tmp_path / "one")
    assert {p.name for p in (tmp_path / "one").iterdir()} == {"arrays.npz", "manifest.json"}
