"""Captured values are those of the forward pass: none overwritten, none under a wrong name."""

import copy

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from resnet_viz import Shortcut, analyze, layer_names
from resnet_viz.core.errors import LayerError
from resnet_viz.probe.capture import default_layers
from tests.probe.hand_made import (
    Reused,
    Several,
    Split,
    close,
    images,
    out_of_place,
    seeded,
    settled,
    small,
)


def outputs_of(network, batch):
    """Every call's output by module name, copied the moment it is made."""
    calls, handles = {}, []
    for name, module in network.named_modules():
        if name:
            handles.append(
                module.register_forward_hook(
                    lambda m, a, out, name=name: calls.setdefault(name, []).append(out.clone())
                )
            )
    with torch.no_grad():
        network(batch)
    for handle in handles:
        handle.remove()
    return calls


def test_in_place_layers_do_not_reach_what_was_captured():
    network = settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))
    batch = images(2, 32)
    truth = outputs_of(out_of_place(network), batch)
    names = [name for name, _ in network.named_modules() if name]
    assert len(names) > 60
    features = analyze(network, batch, layers=names).features
    seen = 0
    for name, values in truth.items():
        for run, value in enumerate(values, 1):
            close(features[name if len(values) == 1 else f"{name}#{run}"], value, 1e-6)
            seen += 1
    assert seen == len(features)


def test_capturing_more_layers_changes_no_value():
    network = settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))
    batch = images(1, 32)
    every = analyze(network, batch, layers=[n for n, _ in network.named_modules() if n])
    for name in ("layer1.0.bn2", "layer2.0.conv1", "layer4.1", "bn1"):
        alone = analyze(network, batch, layers=[name])
        np.testing.assert_array_equal(alone.features[name], every.features[name])
        close(alone.activation_gradient_norms[name], every.activation_gradient_norms[name], 1e-6)


def test_the_logits_are_the_networks_own():
    for network in (small(), settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))):
        batch = images(2, 32)
        with torch.no_grad():
            close(analyze(network, batch).logits, network(batch), 0)


def test_our_taps_are_the_modules_outputs():
    network, batch = small(Shortcut.PROJECTION), images()
    truth = outputs_of(network, batch)
    result = analyze(network, batch, layers=layer_names(network))
    for name, values in truth.items():
        if name in result.features:
            close(result.features[name], values[0], 0)
    assert {n for n in truth if "conv" in n or "bn" in n} <= set(result.features)


def test_a_module_that_runs_twice_is_two_values():
    network, batch = seeded(Reused).eval(), images()
    result = analyze(network, batch, layers=["relu", "conv1"])
    assert result.layers == ("conv1", "relu#1", "relu#2")
    first, second = outputs_of(out_of_place(network), batch)["relu"]
    close(result.features["relu#1"], first, 0)
    close(result.features["relu#2"], second, 0)
    with pytest.raises(LayerError, match=r"relu#1, relu#2"):
        result.features["relu"]


def test_both_runs_share_their_weight():
    result = analyze(seeded(Reused).eval(), images(), parameters=True)
    norms = result.weight_gradient_norms
    assert norms["conv#1"] == norms["conv#2"] > 0


def test_layers_come_in_order_of_execution():
    network = settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))
    layers = analyze(network, images(1, 32)).layers
    assert layers[0] == "conv1"
    assert layers[-1] == "fc"
    assert layers.index("layer2.0.conv1") < layers.index("layer2.0") < layers.index("layer2.1")
    backwards = analyze(network, images(1, 32), layers=["fc", "layer1.0", "conv1"]).layers
    assert backwards == ("conv1", "layer1.0", "fc")


def test_default_layers_are_convolutions_blocks_and_head():
    ours = small(Shortcut.PROJECTION)
    wanted = {n for n, m in ours.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))}
    wanted |= set(ours.spec.blocks())
    assert set(default_layers(ours)) == wanted
    assert set(analyze(ours, images()).layers) == wanted


def test_default_layers_of_torchvisions_network_are_those_of_ours():
    from resnet_viz import NetworkSpec, build

    theirs = seeded(torchvision.models.resnet18)
    ours = build(NetworkSpec.preset("resnet18"), seed=0)
    assert set(default_layers(theirs)) == set(default_layers(ours))


def test_a_part_that_does_not_run_is_no_default():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4, 3)
            self.helper = nn.Linear(4, 3)  # runs in training only, as in GoogLeNet

        def forward(self, x):
            value = self.conv(x).mean((2, 3))
            return self.fc(value)

    assert analyze(seeded(Auxiliary).eval(), images()).layers == ("conv", "fc")


def test_a_part_that_returns_two_tensors_is_no_default():
    class Joined(nn.Module):
        def __init__(self):
            super().__init__()
            self.split = Split()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(self.split(x)[0].mean((2, 3)))

    assert analyze(seeded(Joined).eval(), images()).layers == ("split.conv", "fc")


@pytest.mark.parametrize("make", [small, lambda: seeded(torchvision.models.resnet18).eval()])
@pytest.mark.parametrize("name", ["layer2.0.conv9", "Layer1.0", "", "layer1.0."])
def test_an_unknown_layer_lists_close_matches(make, name):
    with pytest.raises(LayerError) as caught:
        analyze(make(), images(1, 32), layers=["conv1", name])
    assert f'"{name}"' in str(caught.value)
    if name == "layer2.0.conv9":
        assert "layer2.0.conv1" in str(caught.value)


def test_a_plain_block_has_neither_shortcut_nor_sum():
    for part in ("shortcut", "join"):
        with pytest.raises(LayerError, match=r"layer1\.0"):
            analyze(small(Shortcut.NONE), images(), layers=[f"layer1.0.{part}"])


def test_a_layer_that_never_ran_and_one_that_returns_a_tuple_are_refused():
    network = seeded(Several).eval()

    def target(output):
        return output[0][:, 0]

    with pytest.raises(LayerError, match="did not run"):
        analyze(network, images(), target=target, layers=["unused"])
    with pytest.raises(LayerError, match="returns a tuple"):
        analyze(network, images(), target=target, layers=["split"])
    result = analyze(network, images(), target=target, layers=["split.conv"])
    assert result.layers == ("split.conv",)


def test_a_layer_named_twice_is_one_layer():
    for network in (small(), seeded(Reused).eval()):
        assert analyze(network, images(), layers=["conv1", "conv1"]).layers == ("conv1",)


def test_data_parallel_is_looked_into():
    network = small()
    wrapped = nn.DataParallel(network)
    result = analyze(wrapped, images(), layers=["layer1.0"])
    np.testing.assert_array_equal(
        result.features["layer1.0"], analyze(network, images()).features["layer1.0"]
    )
    assert layer_names(wrapped) == layer_names(network)


class OptimizedModule(nn.Module):
    """As torch.compile's, by name and by what it holds."""

    def __init__(self, inner):
        super().__init__()
        self._orig_mod = inner

    def forward(self, x):
        raise AssertionError("the compiled module drops hooks; its original must run")


def test_a_compiled_network_is_looked_into():
    for inner in (small(), seeded(Reused).eval()):
        result = analyze(nn.DataParallel(OptimizedModule(inner)), images(), layers=["conv1"])
        np.testing.assert_array_equal(
            result.features["conv1"], analyze(inner, images()).features["conv1"]
        )


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_what_torch_compile_returns_is_looked_into():
    inner = small()
    compiled = torch.compile(inner, backend="eager")
    assert analyze(compiled, images(), layers=["conv1"]).network == inner.spec.name


def test_a_network_that_works_on_its_input_in_place():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            x -= 0.5
            return self.fc(self.conv(x).mean((2, 3)))

    network, batch = seeded(InPlace).eval(), images()
    before = batch.clone()
    with torch.no_grad():
        expected = network(batch.clone())
    close(analyze(network, batch).logits, expected, 0)
    assert torch.equal(batch, before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_comes_out_in_single(dtype):
    network = small().to(dtype)
    result = analyze(network, images().to(dtype), target=1, parameters=True)
    for name in result.layers:
        assert result.features[name].dtype == np.float32
        assert result.activation_gradient_norms[name].dtype == np.float32
    for values in (result.cams, result.cam_weights):
        assert {v.dtype for v in values.values()} == {np.dtype(np.float32)}
    assert result.logits.dtype == np.float32


def test_half_precision_norms_are_summed_in_single():
    network = small().to(torch.bfloat16)
    result = analyze(network, images().to(torch.bfloat16), target=1, layers=["fc", "conv1"])
    twin = copy.deepcopy(network)
    kept = {}
    twin.conv1.register_forward_hook(lambda m, a, out: (out.retain_grad(), kept.update(a=out))[1])
    twin(images().to(torch.bfloat16))[:, 1].sum().backward()
    expected = kept["a"].grad.float().flatten(1).norm(dim=1)
    close(result.activation_gradient_norms["conv1"], expected, 1e-4)


def test_maps_are_single_precision_under_autocast():
    network = small()
    with torch.autocast("cpu", torch.bfloat16):
        result = analyze(network, images(), target=1)
    assert result.cams["layer2.1"].dtype == np.float32
    close(result.cams["layer2.1"], analyze(network, images(), target=1).cams["layer2.1"], 0.1)
