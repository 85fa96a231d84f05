"""Grad-CAM against finite differences, by hand, and against captum."""

import warnings

import numpy as np
import pytest
import torch
import torchvision
from torch.nn.functional import interpolate

from resnet_viz import NetworkSpec, analyze, build, grad_cam
from tests.probe.hand_made import Reused, Tiny, close, images, seeded, settled, small


def test_grad_cam_equals_finite_differences():
    """Raising channel k everywhere by e changes y by e times the sum of dy/dA^k."""
    network, batch, step = Tiny(), images(2, (5, 7), channels=2, dtype=torch.float64), 1e-6
    target = [2, 0]
    with torch.no_grad():
        feature = network.before(batch)
        alpha = torch.zeros(feature.shape[:2], dtype=torch.float64)
        for k in range(feature.shape[1]):
            shift = torch.zeros_like(feature)
            shift[:, k] = step
            rise = (network.after(feature + shift) - network.after(feature - shift)) / (2 * step)
            alpha[:, k] = rise[range(2), target] / feature[0, 0].numel()
    expected = (alpha[:, :, None, None] * feature).sum(1).clamp(min=0)
    assert expected.max() > 0
    relu = analyze(network, batch, target=target, layers=["relu1"])
    close(relu.cam_weights["relu1"], alpha, 1e-7)
    close(relu.cams["relu1"], expected, 1e-7)
    assert relu.cams["relu1"].dtype == np.float64


def test_activation_gradient_norms_equal_finite_differences():
    network, batch, step = Tiny(), images(1, (4, 5), channels=2, dtype=torch.float64), 1e-6
    with torch.no_grad():
        feature = network.before(batch)
        slopes = []
        for i in range(feature.numel()):
            shift = torch.zeros(feature.numel(), dtype=torch.float64)
            shift[i] = step
            shift = shift.view_as(feature)
            slopes.append((network.after(feature + shift) - network.after(feature - shift))[0, 1])
    expected = torch.stack(slopes).norm() / (2 * step)
    got = analyze(network, batch, target=1, layers=["relu1"]).activation_gradient_norms["relu1"]
    close(got, expected[None], 1e-7)


def captum_maps(network, batch, target, layer):
    from captum.attr import LayerGradCam

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        method = LayerGradCam(network, network.get_submodule(layer))
        maps = method.attribute(batch, target=target, relu_attributions=True)
    return maps.detach()[:, 0]


def ours(name, size):
    spec = NetworkSpec.preset(name)
    return settled(build(spec, seed=0), images(4, size, seed=5)), spec.blocks()


def theirs(name, size):
    network = seeded(lambda: torchvision.models.get_model(name))
    return settled(network, images(4, size, seed=5)), NetworkSpec.preset(name).blocks()


@pytest.mark.parametrize(
    ("make", "name", "size"),
    [
        (ours, "resnet18", 64),
        (theirs, "resnet18", 64),
        (ours, "resnet56", 32),
        (ours, "plain56", 32),
        (theirs, "resnet50", 64),
    ],
)
def test_grad_cam_equals_captum_at_every_block(make, name, size):
    network, blocks = make(name, size)
    batch = images(2, size)
    result = analyze(network, batch, target=[3, 7], layers=blocks)
    assert list(result.cams) == blocks
    alive = 0
    for block in blocks:
        expected = captum_maps(network, batch, torch.tensor([3, 7]), block)
        close(result.cams[block], expected)
        alive += bool(expected.max() > 0)
    assert alive > len(blocks) / 2


@pytest.mark.slow
def test_grad_cam_equals_captum_at_every_block_of_our_resnet50():
    test_grad_cam_equals_captum_at_every_block(ours, "resnet50", 64)


def test_maps_are_raw():
    """Not scaled: twice the head's weights give maps twice as high."""
    network, batch = small(), images()
    before = analyze(network, batch, target=1).cams["layer2.1"]
    with torch.no_grad():
        network.fc.weight *= 2
    close(analyze(network, batch, target=1).cams["layer2.1"], 2 * before)
    assert before.min() >= 0


def test_maps_have_the_layers_own_size():
    result = analyze(small(), images(2, (16, 24)))
    assert result.cams["conv1"].shape == (2, 16, 24)
    assert result.cams["layer2.0"].shape == (2, 8, 12)
    assert "fc" not in result.cams


@pytest.mark.parametrize("size", [16, (16, 24), (5, 3), (8, 12), 33])
def test_upsampled_equals_bilinear_interpolation(size):
    result = analyze(small(), images(2, (16, 24)))
    expected = interpolate(
        torch.tensor(result.cams["layer2.1"])[None],
        (size, size) if isinstance(size, int) else size,
        mode="bilinear",
        align_corners=False,
    )[0]
    close(result.upsampled("layer2.1", size), expected, 1e-6)


def test_one_layer_alone_is_the_same_map():
    network, batch = small(), images()
    np.testing.assert_array_equal(
        grad_cam(network, batch, "layer2.0", target=2),
        analyze(network, batch, target=2).cams["layer2.0"],
    )


def test_the_map_is_the_logits_also_where_norms_are_the_losss():
    network, batch = small(), images()
    logit = analyze(network, batch, target=2)
    loss = analyze(network, batch, target=2, score="loss")
    for layer in logit.cams:
        close(loss.cams[layer], logit.cams[layer])
        close(loss.cam_weights[layer], logit.cam_weights[layer])
    differs = (
        loss.activation_gradient_norms["layer1.0"] / logit.activation_gradient_norms["layer1.0"]
    )
    assert (abs(differs - 1) > 0.01).all()


def test_a_module_that_runs_twice_can_be_explained_at_each_run():
    network = seeded(Reused).eval()
    result = analyze(network, images(), target=1, layers=["relu"])
    for run in ("relu#1", "relu#2"):
        np.testing.assert_array_equal(grad_cam(network, images(), run, target=1), result.cams[run])
