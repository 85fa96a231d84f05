"""Gradient norms against autograd by hand."""

import copy

import pytest
import torch
import torchvision
from torch import nn
from torch.nn.functional import cross_entropy

from resnet_viz import Shortcut, analyze, gradient_norms
from resnet_viz.core.errors import NetworkError
from tests.probe.hand_made import Drops, close, images, out_of_place, seeded, settled, small

TARGET = [3, 1, 0]


def score_of(logits, kind):
    target = torch.tensor(TARGET)
    if kind == "loss":
        return cross_entropy(logits, target, reduction="sum")
    return logits[range(len(target)), target].sum()


def by_hand(network, batch, kind):
    """Every module's output gradient a image, and every parameter's of the mean."""
    twin, outputs = copy.deepcopy(network), {}

    def keep(name):
        def hook(module, arguments, output):
            output.retain_grad()
            outputs[name] = output

        return hook

    for parameter in twin.parameters():
        parameter.requires_grad_(True)
    for name, module in twin.named_modules():
        if name and not isinstance(module, nn.Identity):
            module.register_forward_hook(keep(name))
    score = score_of(twin(batch), kind)
    score.backward()
    activations = {n: v.grad.flatten(1).norm(dim=1) for n, v in outputs.items()}
    weights = {n: p.grad.norm() / len(batch) for n, p in twin.named_parameters()}
    return activations, weights


@pytest.mark.parametrize("kind", ["logit", "loss"])
@pytest.mark.parametrize("shortcut", Shortcut)
@pytest.mark.parametrize("training", [False, True])
def test_norms_of_our_networks_equal_backward(kind, shortcut, training):
    network, batch = small(shortcut).train(training), images(3)
    activations, weights = by_hand(network, batch, kind)
    result = analyze(network, batch, target=TARGET, score=kind, parameters=True)
    assert set(result.layers) > {"conv1", "layer2.1", "layer2.1.conv2", "fc"}
    for layer in result.layers:
        close(result.activation_gradient_norms[layer], activations[layer])
    assert set(result.parameter_gradient_norms) == set(weights)
    for name, expected in weights.items():
        assert result.parameter_gradient_norms[name] == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("kind", ["logit", "loss"])
def test_norms_of_torchvisions_network_equal_backward(kind):
    network = settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))
    batch = images(3, 32)
    activations, weights = by_hand(out_of_place(network), batch, kind)
    result = analyze(network, batch, target=TARGET, score=kind, parameters=True)
    assert "layer4.1.conv2" in result.layers
    for layer in result.layers:
        close(result.activation_gradient_norms[layer], activations[layer], 1e-4)
    for name, expected in weights.items():
        assert result.parameter_gradient_norms[name] == pytest.approx(expected.item(), rel=1e-3)


def test_relative_norms_divide_by_the_weights_norm():
    network = small()
    result = analyze(network, images(), parameters=True)
    weight = network.get_submodule("layer2.0.conv1").weight
    layer = "layer2.0.conv1"
    assert result.parameter_norms[f"{layer}.weight"] == pytest.approx(weight.norm().item())
    assert result.relative_weight_gradient_norms[layer] == pytest.approx(
        result.weight_gradient_norms[layer] / weight.norm().item()
    )
    assert list(result.weight_gradient_norms) == [
        n for n in result.layers if "conv" in n or n == "fc"
    ]


@pytest.mark.parametrize("shortcut", [s for s in Shortcut if s is not Shortcut.NONE])
def test_an_addition_hands_its_gradient_to_both_sides(shortcut):
    """D(F + s)/dF = d(F + s)/ds = 1: the three parts of a block have one gradient."""
    network = small(shortcut)
    for block in network.spec.blocks():
        parts = [f"{block}.{part}" for part in ("join", "branch", "shortcut")]
        norms = analyze(network, images(), layers=parts).activation_gradient_norms
        close(norms[parts[1]], norms[parts[0]])
        close(norms[parts[2]], norms[parts[0]])


@pytest.mark.parametrize("shortcut", [Shortcut.ZERO_PAD, Shortcut.NONE])
def test_a_dead_layer_has_zero_gradients(shortcut):
    """All-negative before the last ReLU: nothing passes back, and nothing is missing or NaN."""
    network = small(shortcut)
    last = network.get_submodule("layer2.1")
    with torch.no_grad():
        last.bn2.weight.zero_()
        last.bn2.bias.fill_(-1e6)
    result = analyze(network, images(), parameters=True)
    for layer in result.layers[:-2]:
        assert (result.activation_gradient_norms[layer] == 0).all()
    assert (result.cams["layer1.0"] == 0).all()
    assert result.weight_gradient_norms["conv1"] == 0
    assert result.weight_gradient_norms["fc"] == 0  # its input is zero


def test_a_layer_off_the_path_to_the_target_has_zero_gradients():
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.side = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            self.side(x)
            return self.fc(self.conv(x).mean((2, 3)))

    result = analyze(seeded(TwoHeads).eval(), images(), parameters=True)
    assert (result.activation_gradient_norms["side"] == 0).all()
    assert (result.cams["side"] == 0).all()
    assert result.weight_gradient_norms["side"] == 0
    assert result.weight_gradient_norms["conv"] > 0


class Detaches(nn.Module):
    """A side layer without a gradient, which the score reads or not."""

    def __init__(self, *, read):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.side = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 3)
        self.read = read

    def forward(self, x):
        with torch.no_grad():
            gate = self.side(x).sigmoid()
        values = self.conv(x)
        return self.fc((values * gate if self.read else values).mean((2, 3)))


def test_a_layer_that_detaches_is_a_sentence_and_the_others_are_measured():
    network = seeded(lambda: Detaches(read=True)).eval()
    with pytest.raises(NetworkError, match=r'"side".*cuts off its gradient'):
        analyze(network, images(), parameters=True)
    result = analyze(network, images(), layers=["conv", "fc"], parameters=True)
    frame = result.to_frame(image=0).set_index("layer")
    assert frame.index.tolist() == ["conv", "fc"]
    assert (frame["activation_gradient_norm"] > 0).all()


def test_a_detached_layer_that_the_score_does_not_read_has_its_row_in_the_table():
    result = analyze(seeded(lambda: Detaches(read=False)).eval(), images(), parameters=True)
    frame = result.to_frame(image=0).set_index("layer")
    assert frame.index.tolist() == list(result.layers)
    assert frame.loc["side", "activation_gradient_norm"] == 0


def test_norms_of_one_value_an_image():
    class Squeezes(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.flat = nn.Flatten(0)

        def forward(self, x):
            value = self.flat(self.pool(self.conv(x))[:, :1])
            return torch.stack([value * 2, -value], 1)

    result = analyze(seeded(Squeezes).eval(), images(), target=0, layers=["flat"])
    assert result.activation_gradient_norms["flat"].tolist() == [2.0, 2.0]


def test_parameter_gradients_are_of_the_mean_score_for_any_output():
    network, batch = seeded(Drops).eval(), images(4)

    class InTuple(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network

        def forward(self, x):
            return self.inner(x), None

    def second(output):
        return (output[0] if isinstance(output, tuple) else output)[:, 1]

    plain = analyze(network, batch, target=1, parameters=True)
    as_function = analyze(network, batch, target=second, parameters=True)
    in_tuple = analyze(InTuple().eval(), batch, target=second, parameters=True)
    expected = plain.parameter_gradient_norms["conv.weight"]
    assert as_function.parameter_gradient_norms["conv.weight"] == pytest.approx(expected)
    assert in_tuple.parameter_gradient_norms["inner.conv.weight"] == pytest.approx(expected)


def test_gradient_norms_is_a_table_of_the_loss():
    network = small()
    frame = gradient_norms(network, images())
    expected = analyze(network, images(), score="loss", parameters=True).to_frame()
    assert frame.equals(expected)
    assert not gradient_norms(network, images(), score="logit").equals(frame)


def test_batch_statistics_are_named():
    network = small()
    assert analyze(network, images()).batch_norm == "eval"
    assert analyze(network.train(), images()).batch_norm == "train"
    bare = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 3)))
    assert analyze(bare, images()).batch_norm == "none"
    without = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten()
    )
    assert analyze(without.eval(), images()).batch_norm == "train"  # it has no others
