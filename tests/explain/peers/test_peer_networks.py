"""Networks in every state that users of other libraries report: measured right, or one sentence."""

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from resnet_viz import analyze, class_activation_maps, explain, faithfulness, grad_cam
from resnet_viz.core.errors import NetworkError, ResnetVizError
from tests.explain.peers import peer_networks as nets
from tests.explain.peers.peer_networks import made, picture
from tests.networks.unchecked import unchecked

#: Networks that ``analyze`` must measure as autograd does.
STATES = [
    ("plain", nets.plain),
    ("frozen", lambda: nets.plain().requires_grad_(False)),
    ("double", lambda: nets.plain().double()),
    ("half precision", lambda: nets.plain().bfloat16()),
    ("pruned", nets.pruned),
    ("weight norm", nets.parametrised),
    ("spectral norm", nets.spectral),
    ("checkpointed", lambda: nets.Checkpointed(reentrant=False)),
    ("expanded buffer", nets.Centred),
    ("scripted part", nets.scripted_part),
    ("data parallel", lambda: nn.DataParallel(nets.plain())),
    ("group norm", nets.normalised_in(lambda: nn.GroupNorm(2, 4))),
    ("instance norm", nets.normalised_in(lambda: nn.InstanceNorm2d(4, affine=True))),
    ("shared part", nets.Recurring),
]


@pytest.mark.parametrize("make", [row[1] for row in STATES], ids=[row[0] for row in STATES])
def test_a_network_is_measured_and_left_as_it_was(make):
    network = made(make)
    kind = next(network.parameters()).dtype
    image = picture(dtype=kind)
    before, given = copy.deepcopy(network.state_dict()), image.clone()
    analysis = analyze(network, image, target=1, parameters=True)
    loose = 1e-1 if kind is torch.bfloat16 else 1e-4
    expected = network(image.clone()).detach().double()
    np.testing.assert_allclose(analysis.logits, expected, rtol=loose, atol=loose)
    assert torch.equal(image, given)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    norms = [value for norm in analysis.activation_gradient_norms.values() for value in norm]
    assert min(norms) > 0
    assert analysis.weight_gradient_norms
    assert min(analysis.weight_gradient_norms.values()) > 0
    for method in ("grad-cam", "saliency", "ablation-cam"):
        found = explain(network, image, method, target=1)
        assert np.isfinite(found.map).all()
        assert len(list(faithfulness(network, image, found, measures="deletion"))) == 1
    assert torch.equal(image, given)


@pytest.mark.parametrize("make", [nets.pruned, nets.parametrised, nets.spectral])
def test_the_norm_of_a_computed_weight_is_that_of_the_weight_in_use(make):
    network, image = made(make), picture()
    held = {}
    with torch.nn.utils.parametrize.cached():
        logits = network(image)
        held["weight"] = network[2].weight
    slope = torch.autograd.grad(logits[0, 1], held["weight"])[0]
    found = analyze(network, image, target=1, parameters=True)
    assert found.weight_gradient_norms["2"] == pytest.approx(float(slope.norm()), rel=1e-4)
    assert found.parameter_norms["2.weight"] == pytest.approx(
        float(held["weight"].detach().norm()), rel=1e-4
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize(
    "method",
    ["grad-cam", "eigen-cam", "score-cam", "full-grad", "lrp", "deep-lift", "guided-grad-cam",
     "occlusion", "gradient-shap"],
)  # fmt: skip
def test_every_precision_gives_a_map(dtype, method):
    network, image = made(nets.plain).to(dtype), picture(dtype=dtype)
    found = explain(network, image, method, target=1)
    single = explain(made(nets.plain), picture(), method, target=1)
    assert np.isfinite(found.map).all()
    assert found.map.shape == single.map.shape
    if found.map.any() and method not in ("gradient-shap", "score-cam", "eigen-cam"):
        assert np.corrcoef(found.map.ravel(), single.map.ravel())[0, 1] > 0.98


def test_a_detached_part_is_one_sentence_and_the_rest_is_measured():
    for no_grad in (False, True):
        network, image = made(lambda no_grad=no_grad: nets.CutOff(no_grad=no_grad)), picture()
        with pytest.raises(NetworkError, match="cuts off its gradient"):
            analyze(network, image, target=1)
        head = analyze(network, image, target=1, layers="head", parameters=True)
        assert head.activation_gradient_norms["head"][0] == pytest.approx(1)


def test_a_head_that_is_not_used_has_a_gradient_of_zero():
    network = made(nets.WithAuxiliary).train()
    analysis = analyze(network, picture(), target=lambda out: out[0][:, 1])
    assert analysis.activation_gradient_norms["auxiliary.0"][0] == 0
    assert analysis.activation_gradient_norms["middle"][0] > 0


def convolve(*more):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), *more, nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(4, 3))  # fmt: skip


class Calls(nn.Module):
    """Calls one function between two layers."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.relu, self.head = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 3)
        self.function = function

    def forward(self, x):
        return self.head(self.function(self.relu(self.conv(x))).mean((2, 3)))


F = nn.functional

#: A method, a network that it must refuse, and the operation that the sentence names.
UNSEEN = [
    ("guided-backprop", lambda: Calls(F.relu), "relu"),
    ("guided-backprop", lambda: Calls(F.gelu), "gelu"),
    ("guided-backprop", lambda: Calls(F.leaky_relu), "leakyrelu"),
    ("guided-backprop", lambda: Calls(torch.sigmoid), "sigmoid"),
    ("guided-grad-cam", lambda: Calls(F.silu), "silu"),
    ("deconvolution", lambda: Calls(lambda x: x.clamp(min=0)), "clamp"),
    ("deep-lift", lambda: Calls(F.relu), "relu"),
    ("deep-lift", lambda: Calls(F.elu), "elu"),
    ("deep-lift", lambda: Calls(torch.tanh), "tanh"),
    ("deep-lift", lambda: Calls(lambda x: F.max_pool2d(x, 2)), "maxpool"),
    ("deep-lift", lambda: convolve(nn.GELU()), "gelu"),
    ("deep-lift", lambda: Calls(torch.square), "pow"),
    ("lrp", lambda: convolve(nn.GELU()), "gelu"),
    ("lrp", lambda: convolve(nn.GroupNorm(2, 4)), "nativegroupnorm"),
    ("lrp", lambda: Calls(torch.sigmoid), "sigmoid"),
    ("lrp", lambda: Calls(lambda x: x * x.mean((2, 3), keepdim=True)), "mul"),
]


@pytest.mark.parametrize(("method", "make", "operation"), UNSEEN)
def test_an_operation_that_a_method_cannot_see_is_refused(method, make, operation):
    with pytest.raises(NetworkError, match=f"operation {operation}"):
        explain(made(make), picture(), method, target=1)


#: Networks through which relevance is conserved, with its part that biases keep.
CONSERVED = [
    ("addition", lambda: nets.Framed(nets.Added())),
    ("two additions", lambda: nets.Framed(nn.Sequential(nets.Added(), nets.Added()))),
    ("branches", lambda: nets.Framed(nets.Branched())),
    ("max pooling", lambda: convolve(nn.MaxPool2d(2))),
    ("batch norm", lambda: convolve(nn.BatchNorm2d(4))),
    ("leaky", lambda: convolve(nn.LeakyReLU())),
    ("dense", nets.densenet),
    ("function", lambda: Calls(F.relu)),
]


@pytest.mark.parametrize("method", ["lrp", "full-grad"])
@pytest.mark.parametrize("make", [row[1] for row in CONSERVED], ids=[row[0] for row in CONSERVED])
def test_relevance_is_conserved(make, method):
    network = made(make)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.arange(len(parameter)))
    found = explain(network, picture(32 if make is nets.densenet else 8), method, target=1)
    assert found.completeness.error < 1e-3 * max(1, abs(found.completeness.difference))


#: What is asked in a wrong way, and words of the sentence.
WRONG = [
    ("numpy", lambda n, x: analyze(n, x.numpy()), "ndarray"),
    ("pillow", lambda n, _x: analyze(n, Image.new("RGB", (8, 8))), "Image"),
    ("list", lambda n, x: analyze(n, [x[0]]), "list"),
    ("two inputs for one", lambda n, x: analyze(n, (x, x)), "2 inputs"),
    ("no input", lambda n, _x: analyze(n, ()), "batch"),
    ("one picture", lambda n, x: analyze(n, x[0]), "batch"),
    ("bytes", lambda n, x: analyze(n, x.to(torch.uint8)), "uint8"),
    ("number as layer", lambda n, x: analyze(n, x, layers=3), "int"),
    ("foreign module", lambda n, x: grad_cam(n, x, nn.Conv2d(3, 4, 3)), "no part"),
    ("unknown layer", lambda n, x: grad_cam(n, x, "convolution"), "There is no layer"),
    ("function as network", lambda _n, x: analyze(lambda i: i.mean((2, 3)), x), "function"),
    ("lazy", lambda _n, x: analyze(nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten()), x), "lazy"),
    ("text as number", lambda n, x: explain(n, x, "lime", options={"cells": "4"}), "number"),
    ("bool as number", lambda n, x: explain(n, x, "lime", options={"cells": True}), "number"),
    ("class as text", lambda n, x: analyze(n, x, target="cat"), "whole class numbers"),
    ("class as float", lambda n, x: analyze(n, x, target=1.5), "whole class numbers"),
    ("class too high", lambda n, x: explain(n, x, target=3), "from 0 to 2"),
    ("unknown reshape", lambda n, x: grad_cam(n, x, "0", reshape="grid"), "tokens, channels-last"),
    ("bad reshape", lambda n, x: grad_cam(n, x, "0", reshape=lambda v: v[0]), "reshape function"),
    ("failing reshape", lambda n, x: grad_cam(n, x, "0", reshape=lambda v: v.view(7)), "failed"),
    ("unknown method", lambda n, x: explain(n, x, "gradcamm"), "grad-cam"),
    ("unknown measure",
     lambda n, x: list(faithfulness(n, x, explain(n, x), measures="removal")), "deletion"),
    ("another size",
     lambda n, x: list(faithfulness(n, picture(9), explain(n, x))), "9x9"),
    ("no gradients", lambda n, x: class_activation_maps(analyze(n, x)), "gradients=True"),
    ("not measured", lambda n, x: analyze(n, x, layers="0").cams["2"], "was not measured"),
    ("reentrant",
     lambda _n, x: analyze(made(lambda: nets.Checkpointed(reentrant=True)), x), "use_reentrant"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "words"), [row[1:] for row in WRONG], ids=[r[0] for r in WRONG])
def test_a_wrong_argument_is_one_sentence(ask, words):
    with unchecked(), pytest.raises(ResnetVizError, match=words) as caught:
        ask(made(nets.plain), picture())
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("norm", ["group", "layer", "none"])
def test_full_grad_counts_every_bias(norm):
    from resnet_viz import NetworkSpec, build
    from resnet_viz.spec import Norm

    fixup = {"fixup": True} if norm == "none" else {}
    network = build(
        NetworkSpec(depths=(1, 1), widths=(4, 8), norm=Norm(norm), **fixup), seed=0
    ).eval()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:  # fixup's are zero at first
                parameter.copy_(torch.randn(parameter.shape, generator=draw))
    without = explain(network, picture(16), "full-grad", target=1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias") and "fc" not in name:
                parameter.add_(torch.randn(parameter.shape, generator=draw))
    assert not np.allclose(explain(network, picture(16), "full-grad", target=1).map, without.map)
