"""Networks: what they count, what twins share, and that building is pure."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_viz import Block, NetworkSpec, Pair, ResNet, Shortcut, Stem, build
from resnet_viz.spec import PRESETS, RESIDUAL_PRESETS

SMALL = NetworkSpec(depths=(2, 1), widths=(4, 8), input_size=16, classes=5)


def on_meta(spec):
    with torch.device("meta"):
        return ResNet(spec)


def shapes(network):
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_equal_the_table(name):
    network = on_meta(NetworkSpec.preset(name))
    assert sum(p.numel() for p in network.parameters()) == PRESETS[name].parameters


@pytest.mark.parametrize(
    "name", [n for n, p in RESIDUAL_PRESETS.items() if p.spec.shortcut == "zero_pad"]
)
def test_option_a_twins_have_equal_keys_and_shapes(name):
    spec = NetworkSpec.preset(name)
    assert spec.shortcut is Shortcut.ZERO_PAD
    assert shapes(on_meta(spec)) == shapes(on_meta(spec.plain()))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_plain_twin_lacks_projections_only(name):
    spec = NetworkSpec.preset(name)
    residual, plain = shapes(on_meta(spec)), shapes(on_meta(spec.plain()))
    assert plain.items() <= residual.items()
    assert all(".downsample." in key for key in residual.keys() - plain.keys())


@pytest.mark.parametrize("name", ["resnet20", "resnet110", "resnet50"])
def test_twins_share_every_initial_weight_that_both_have(name):
    spec = NetworkSpec.preset(name)
    twins = Pair(spec, spec.plain()).map(lambda s: build(s, seed=4).state_dict())
    for key, value in twins.plain.items():
        assert torch.equal(value, twins.residual[key]), key


def test_seed_and_spec_decide_every_weight():
    first, again, other = (build(SMALL, seed=s).state_dict() for s in (1, 1, 2))
    for key in first:
        assert torch.equal(first[key], again[key])
        if "conv" in key or key.startswith("fc"):
            assert not torch.equal(first[key], other[key]), key


def test_no_two_layers_share_a_stream():
    state = build(NetworkSpec.preset("resnet20"), seed=0).state_dict()
    same_shape = [v for n, v in state.items() if v.shape == (16, 16, 3, 3)]
    assert len(same_shape) == 6
    assert len({v.flatten()[0].item() for v in same_shape}) == 6


def test_building_neither_reads_nor_moves_the_global_random_state():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build(SMALL, seed=0).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second = build(SMALL, seed=0).state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_threads_build_the_same_weights():
    expected = build(SMALL, seed=0).state_dict()
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: build(SMALL, seed=0).state_dict(), range(12)))
    assert all(torch.equal(b[k], expected[k]) for b in built for k in expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_callers_default_device_does_not_matter():
    with torch.device("meta"):
        network = build(SMALL, seed=0)
    assert {p.device.type for p in network.parameters()} == {"cpu"}


def test_convolutions_have_he_variance_and_norms_do_nothing():
    network = build(NetworkSpec.preset("resnet18"), seed=0)
    for name in ("layer2.0.conv1", "layer4.1.conv2", "layer3.0.downsample.0", "conv1"):
        weight = network.get_submodule(name).weight
        fan_out = weight.shape[0] * weight.shape[2] * weight.shape[3]
        assert weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.03)
        assert abs(weight.mean().item()) < 0.05 * weight.std().item()
    assert (network.bn1.weight == 1).all()
    assert (network.bn1.running_var == 1).all()
    assert network.fc.weight.abs().max() <= 512**-0.5
    assert network.bn1.num_batches_tracked == 0


TORCHVISION = [n for n in RESIDUAL_PRESETS if n in torchvision.models.list_models()]


def test_every_residual_network_of_torchvision_is_here():
    theirs = torchvision.models.list_models(torchvision.models)
    assert set(TORCHVISION) == {n for n in theirs if "resnet" in n or "resnext" in n}


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_weights_give_torchvisions_logits(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = torchvision.models.get_model(name).eval()
    ours = build(NetworkSpec.preset(name), seed=0).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(1, 3, 64, 64, generator=generator)
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2, generator=generator)
            torch.nn.init.normal_(module.bias, generator=generator)
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        expected, got = theirs(images), ours(images)
    assert (got - expected).abs().max() <= 1e-5 * expected.abs().max()


@settings(max_examples=25, deadline=None)
@given(
    block=st.sampled_from(Block),
    shortcut=st.sampled_from(Shortcut),
    stem=st.sampled_from(Stem),
    stages=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=3),
    size=st.integers(1, 33),
    channels=st.integers(1, 4),
)
def test_every_spec_runs(block, shortcut, stem, stages, size, channels):
    depths, widths = zip(*stages, strict=True)
    spec = NetworkSpec(
        block=block, shortcut=shortcut, stem=stem, depths=depths, widths=widths,
        input_size=size, input_channels=channels, classes=3,
    )  # fmt: skip
    network = build(spec, seed=0).eval()
    taps = []
    with torch.no_grad():
        out = network(torch.ones(2, channels, size, size), lambda n, v: (taps.append(n), v)[1])
    assert out.shape == (2, 3)
    assert taps == network.tap_names()
    assert len(set(taps)) == len(taps)
    weighted = [n for n in taps if n.split(".")[-1].startswith("conv") or n == "fc"]
    assert len(weighted) == spec.depth
