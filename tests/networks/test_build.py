"""Networks: parameter counts, weights that twins share, and building without side effects."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_viz import Block, NetworkSpec, Pair, ResNet, Shortcut, build, layer_table
from resnet_viz.spec import PRESETS, RESIDUAL_PRESETS, Initialisation, Norm, Order, Stem
from tests.networks.specs import fields

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
    for key, value in twins.second.items():
        assert torch.equal(value, twins.first[key]), key


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


@pytest.mark.parametrize(
    "name",
    [n if PRESETS[n].depth < 100 else pytest.param(n, marks=pytest.mark.slow) for n in TORCHVISION],
)
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


@settings(max_examples=40, deadline=None)
@given(fields=fields(), training=st.booleans())
def test_every_spec_runs(fields, training):
    spec = NetworkSpec(**fields)
    network = build(spec, seed=0).train(training)
    taps = []
    images = torch.ones(2, spec.input_channels, spec.input_size, spec.input_size)
    if training and spec.norm is Norm.BATCH and layer_table(spec)[-3].shape[-1] == 1:
        images = images.repeat(2, 1, 1, 1)
    with torch.no_grad():
        out = network(images, lambda n, v: (taps.append(n), v)[1])
    assert out.shape == (len(images), spec.classes)
    assert taps == network.tap_names()
    assert len(set(taps)) == len(taps)
    weighted = [n for n in taps if n.split(".")[-1].startswith("conv") or n == "fc"]
    deep = 2 if spec.stem is Stem.DEEP else 0  # a deep stem counts once: ResNet-50-D
    assert len(weighted) == spec.depth + deep


@settings(max_examples=30, deadline=None)
@given(fields=fields())
def test_twins_of_every_spec_share_their_weights(fields):
    spec = NetworkSpec(**fields)
    residual, plain = (build(s, seed=3).state_dict() for s in (spec, spec.plain()))
    assert {k for k in residual.keys() - plain.keys() if ".downsample." not in k} == set()
    assert all(torch.equal(value, residual[key]) for key, value in plain.items())


VARIANCES = {
    Initialisation.HE_FAN_OUT: lambda fan_in, fan_out: 2 / fan_out,
    Initialisation.HE_FAN_IN: lambda fan_in, fan_out: 2 / fan_in,
    Initialisation.XAVIER: lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    Initialisation.DEFAULT: lambda fan_in, fan_out: 1 / (3 * fan_in),
}


@pytest.mark.parametrize("rule", Initialisation)
def test_initial_variance_is_that_of_its_rule(rule):
    spec = NetworkSpec(
        block=Block.BOTTLENECK, depths=(1,), widths=(64,), shortcut=Shortcut.PROJECTION,
        groups=2, initialisation=rule, stem_width=32,
    )  # fmt: skip
    network = build(spec, seed=0)
    for name in ("conv1", "conv2", "conv3", "downsample.0"):
        convolution = network.get_submodule(f"layer1.0.{name}")
        area = convolution.kernel_size[0] ** 2 / convolution.groups
        fans = convolution.in_channels * area, convolution.out_channels * area
        expected = VARIANCES[rule](*fans)
        assert convolution.weight.var().item() == pytest.approx(expected, rel=0.06)
        theirs = torch.nn.Conv2d(32, 64, 3)
        if rule is Initialisation.DEFAULT:
            bound = 1 / (fans[0] ** 0.5)
            assert convolution.weight.abs().max() <= bound
            assert theirs.weight.abs().max() <= 1 / (32 * 9) ** 0.5  # PyTorch's own bound


def test_zero_last_gamma_starts_as_the_identity():
    spec = NetworkSpec(depths=(3,), widths=(4,), zero_last_gamma=True)
    network, seen = build(spec, seed=0), {}
    network(torch.randn(2, 3, 8, 8), seen.setdefault)
    assert torch.equal(seen["layer1.2"], seen["relu"])


def test_fixup_starts_with_zero_branches_and_scaled_weights():
    spec = NetworkSpec(depths=(4,), widths=(16,), norm=Norm.NONE, fixup=True)
    network, seen = build(spec, seed=0), {}
    logits = network(torch.randn(2, 3, 8, 8), seen.setdefault)
    assert not logits.any()
    assert torch.equal(seen["layer1.3"], seen["relu"])
    usual = build(replace(spec, fixup=False), seed=0)
    ours, theirs = (n.get_submodule("layer1.1.conv1").weight for n in (network, usual))
    assert torch.allclose(ours, theirs * 4**-0.5)  # L = 4 blocks, m = 2 convolutions


def test_skipinit_scales_the_branch_by_its_first_value():
    spec = NetworkSpec(depths=(2,), widths=(4,), norm=Norm.NONE, branch_scale=0.25)
    network, seen = build(spec, seed=0), {}
    network(torch.randn(2, 3, 8, 8), seen.setdefault)
    assert torch.equal(seen["layer1.0.branch"], seen["layer1.0.conv2"] * 0.25)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_lambda_scales_the_shortcut(scale):
    spec = NetworkSpec(depths=(2,), widths=(4,), shortcut_scale=scale)
    network, seen = build(spec, seed=0), {}
    network(torch.randn(2, 3, 8, 8), seen.setdefault)
    around = seen["layer1.0"] * scale
    assert torch.equal(seen["layer1.1.shortcut"], around)
    assert torch.equal(seen["layer1.1.join"], seen["layer1.1.branch"] + around)


def test_stochastic_depth_drops_by_the_linear_rule_and_keeps_the_mean():
    """Huang 2016, eq. 4: the last of 4 blocks is dropped with the full chance, the first seldom."""
    spec = NetworkSpec(depths=(4,), widths=(4,), stochastic_depth=0.8)
    network = build(spec, seed=0)
    assert [b.get_submodule("drop").chance for b in network.blocks()] == pytest.approx(
        [0.2, 0.4, 0.6, 0.8]
    )
    drop = network.get_submodule("layer1.3.drop")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        passes = torch.stack([drop(torch.ones(1, 1, 1, 1)) for _ in range(4000)])
    assert passes.unique().tolist() == pytest.approx([0.0, 5.0])
    assert passes.mean().item() == pytest.approx(1, abs=0.1)
    assert torch.equal(drop.eval()(torch.ones(1, 1, 2, 2)), torch.ones(1, 1, 2, 2))
    assert not any("drop" in n for n, _ in build(spec.plain(), seed=0).named_modules())


def test_a_pre_activation_block_is_full_pre_activation():
    """He 2016, fig. 4e, by hand."""
    spec = NetworkSpec(depths=(1, 1), widths=(4, 8), shortcut=Shortcut.PROJECTION, order=Order.PRE)
    network, seen = build(spec, seed=0).eval(), {}
    network(torch.randn(2, 3, 8, 8), seen.setdefault)
    block, x = network.get_submodule("layer2.0"), seen["layer1.0"]
    active = block.bn1(x).relu()
    branch = block.conv2(block.bn2(block.conv1(active)).relu())
    assert torch.equal(seen["layer2.0"], branch + block.downsample[0](active))
    head = network.bn_last(seen["layer2.0"]).relu().mean((2, 3))
    assert torch.allclose(network.fc(head), seen["fc"], atol=1e-6)


def test_grouped_convolutions_are_torchvisions_width():
    spec = NetworkSpec.preset("resnext101_32x8d")
    with torch.device("meta"):
        network = ResNet(spec)
    conv = network.get_submodule("layer1.0.conv2")
    assert (conv.groups, conv.out_channels, conv.in_channels // conv.groups) == (32, 256, 8)
