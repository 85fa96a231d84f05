"""Which layer is explained, and which of its axes are positions."""

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from resnet_viz import analyze, class_activation_maps, explain, faithfulness, grad_cam
from resnet_viz.core.errors import LayerError
from resnet_viz.probe.capture import run_with
from tests.explain.peers import peer_networks as nets
from tests.explain.peers.peer_networks import made, picture

#: A network, the side of its picture, and the layer that holds the whole signal last.
LAST_LAYERS = [
    ("convolutions", nets.plain, 8, "2"),
    ("functional addition", lambda: nets.Framed(nets.Added()), 8, "middle"),
    ("blocks in a row", lambda: nets.Framed(nn.Sequential(nets.Added(), nets.Added())), 8,
     "middle.1"),
    ("branches", lambda: nets.Framed(nets.Branched()), 8, "middle"),
    ("a block, then branches", lambda: nets.Framed(nn.Sequential(nets.Added(), nets.Branched())), 8,
     "middle.1"),
    ("auxiliary head", nets.WithAuxiliary, 8, "middle"),
    ("class scores", nets.ClassScores, 8, "body"),
    ("runs twice", lambda: nets.Framed(nn.Sequential(*[nn.Conv2d(4, 4, 1)] * 2)), 8, "middle.0#2"),
    ("checkpointed", lambda: nets.Checkpointed(reentrant=False), 8, "middle"),
    ("scripted part", nets.scripted_part, 8, "middle"),
    ("channels last", nets.ChannelsLast, 16, "stem"),
    ("swin", nets.swin, 16, "features.3.0"),
    ("convnext", nets.convnext, 32, "features.3.0"),
    ("densenet", nets.densenet, 32, "features.denseblock2"),
    ("resnet18", lambda: torchvision.models.resnet18(num_classes=3), 64, "layer4.1"),
    ("squeezenet", lambda: torchvision.models.squeezenet1_1(num_classes=3), 64, "features.12"),
    ("mobilenet", lambda: torchvision.models.mobilenet_v3_small(num_classes=3), 64, "features.12"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "side", "layer"), [row[1:] for row in LAST_LAYERS], ids=[row[0] for row in LAST_LAYERS]
)
def test_the_default_layer_is_the_last_that_holds_the_whole_signal(make, side, layer):
    found = explain(made(make), picture(side), target=1)
    assert found.layer == layer
    assert found.map.ndim == 2


#: A network, the picture's sides, a layer, ``reshape``, and the sides of the map.
AXES = [
    ("swin's norm", nets.swin, (16, 24), "features.3.0.norm2", None, (2, 3)),
    ("swin's block", nets.swin, (16, 24), "features.1.0", None, (4, 6)),
    ("swin's merging", nets.swin, (16, 24), "features.2", None, (2, 3)),
    ("convnext's block", nets.convnext, (32, 64), "features.3.0", None, (4, 8)),
    ("convnext's norm", nets.convnext, (32, 64), "features.1.0.block.2", None, (8, 16)),
    ("convnext's linear", nets.convnext, (32, 64), "features.1.0.block.3", "channels-last",
     (8, 16)),
    ("activation after a linear", nets.ChannelsLast, (16, 32), "act", None, (4, 8)),
    ("norm", nets.ChannelsLast, (16, 32), "norm", None, (4, 8)),
    ("linear, by a function", nets.ChannelsLast, (16, 32), "mix",
     lambda value: value.permute(0, 3, 1, 2), (4, 8)),
    ("tokens", nets.vision_transformer, 16, "encoder.layers.encoder_layer_0", "tokens", (4, 4)),
    ("tokens of a norm", nets.vision_transformer, 16, "encoder.layers.encoder_layer_1.ln_1",
     "tokens", (4, 4)),
    ("tokens, by a function", nets.vision_transformer, 16, "encoder.layers.encoder_layer_0",
     lambda value: value[:, 1:].transpose(1, 2).reshape(len(value), 8, 4, 4), (4, 4)),
    ("tokens by default", nets.vision_transformer, 16, None, "tokens", (4, 4)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "sides", "layer", "reshape", "size"), [row[1:] for row in AXES],
    ids=[row[0] for row in AXES],
)  # fmt: skip
@pytest.mark.parametrize("method", ["grad-cam", "ablation-cam"])
def test_a_map_is_over_positions(make, sides, layer, reshape, size, method):
    found = explain(made(make), picture(sides), method, layer=layer, target=1, reshape=reshape)
    assert found.map.shape == size
    assert found.map.any() or found.blank in ("negative", "zero", "saturated", "flat")


def test_the_axes_are_those_of_the_values():
    network, image = made(nets.ChannelsLast), picture((16, 32))
    taken = {}
    handle = network.norm.register_forward_hook(lambda _m, _i, out: taken.update(out=out.detach()))
    network(image)
    handle.remove()
    analysis = analyze(network, image, layers="norm", target=1, gradients=True)
    np.testing.assert_allclose(analysis.features["norm"], taken["out"].permute(0, 3, 1, 2))
    weights = analysis.activation_gradients["norm"].mean((2, 3))
    by_hand = np.maximum(np.einsum("bc,bchw->bhw", weights, analysis.features["norm"]), 0)
    np.testing.assert_allclose(analysis.cams["norm"], by_hand, rtol=1e-4, atol=1e-7)
    family = class_activation_maps(analysis, "layer-cam", "norm")
    assert family["layer-cam"]["norm"].shape == (1, 4, 8)


def test_linear_layers_over_the_last_axis_have_no_map_by_default():
    analysis = analyze(made(nets.convnext), picture(32), target=1)
    assert analysis.cams
    assert not any(name.endswith((".3", ".5")) for name in analysis.cams)


REFUSED_LAYERS = [
    ("linear over the last axis", nets.ChannelsLast, "mix", "channels-last"),
    ("tokens", nets.vision_transformer, "encoder.layers.encoder_layer_0", "tokens"),
    ("default of a transformer", nets.vision_transformer, None, 'reshape="tokens"'),
    ("head", nets.plain, "6", "no positions"),
    ("runs twice", nets.Recurring, "relu", "relu#1, relu#2"),
]


@pytest.mark.parametrize(
    ("make", "layer", "words"), [row[1:] for row in REFUSED_LAYERS],
    ids=[row[0] for row in REFUSED_LAYERS],
)  # fmt: skip
def test_a_layer_without_a_map_says_why(make, layer, words):
    with pytest.raises(LayerError, match=words):
        explain(made(make), picture(16), layer=layer, target=1)


def test_a_layer_may_be_given_as_the_module():
    network, image = made(nets.plain), picture()
    by_name = analyze(network, image, target=1, layers=["2", "0"])
    by_module = analyze(network, image, target=1, layers=[network[2], network[0]])
    assert by_module.layers == by_name.layers
    np.testing.assert_array_equal(grad_cam(network, image, network[2], target=1), by_name.cams["2"])
    assert explain(network, image, layer=network[2], target=1).layer == "2"


def test_one_run_of_a_layer_is_changed_alone():
    network, image = made(nets.Recurring), picture()

    def by_hand(first, second):
        held = network.relu(network.conv1(image)) * first
        return network.head((network.relu(network.conv2(held)) * second).mean((2, 3)))

    for name, factors in {"relu#1": (0, 1), "relu#2": (1, 0), "relu": (0, 0)}.items():
        got = run_with(network, image, name, lambda value: value * 0)
        torch.testing.assert_close(got, by_hand(*factors))
    one, two = (explain(network, image, "ablation-cam", layer=f"relu#{n}") for n in (1, 2))
    assert one.map.shape == (6, 6)
    assert two.map.shape == (4, 4)


@pytest.mark.parametrize("method", ["grad-cam", "score-cam", "guided-grad-cam"])
def test_a_map_of_a_transformer_is_measured(method):
    network, image = made(nets.swin), picture(16)
    if method == "guided-grad-cam":
        network.features[3][0].mlp[1] = nn.ReLU()
    found = explain(network, image, method, layer="features.3.0", target=1)
    scores = list(faithfulness(network, image, found, measures=["deletion", "max_sensitivity"]))
    assert [np.isfinite(score.value) for score in scores] == [True, True]
