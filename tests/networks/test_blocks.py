"""Inside a block: y = relu(F(x) + x), to the last bit, and what a plain block lacks."""

import pytest
import torch
from torch import nn

from resnet_viz import Block, NetworkSpec, Shortcut, build
from resnet_viz.networks.resnet.shortcuts import Projection, ZeroPad


def taps_of(spec, size=17, training=False):
    """Every named value, of a network whose statistics and scales are not the initial ones."""
    network, values = build(spec, seed=1).train(training), {}
    generator = torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            with torch.no_grad():
                module.running_mean.normal_(generator=generator)
                module.bias.normal_(generator=generator)
    with torch.no_grad():
        images = torch.randn(2, 3, size, size, generator=generator)
        network(images, values.setdefault)
    return network, images, values


@pytest.mark.parametrize("form", Block)
@pytest.mark.parametrize("option", [o for o in Shortcut if o is not Shortcut.NONE])
def test_a_block_is_exactly_branch_plus_shortcut(form, option):
    spec = NetworkSpec(block=form, depths=(2, 2), widths=(4, 8), shortcut=option)
    network, _, values = taps_of(spec)
    x = values["relu"]
    for block in spec.blocks():
        around = values[f"{block}.shortcut"]
        branch = values[f"{block}.branch"]
        assert torch.equal(values[f"{block}.join"], branch + around)
        assert torch.equal(values[block], (branch + around).relu())
        assert torch.equal(values[f"{block}.relu"], values[block])
        assert branch.min() < 0  # the branch is seen before the last ReLU
        module = network.get_submodule(block)
        if isinstance(module.downsample, nn.Identity):
            assert torch.equal(around, x)
            assert torch.equal(values[block], (branch + x).relu())
        else:
            with torch.no_grad():
                assert torch.equal(around, module.downsample(x))
        x = values[block]


@pytest.mark.parametrize("form", Block)
def test_a_plain_block_is_its_branch_alone(form):
    spec = NetworkSpec(block=form, depths=(2, 1), widths=(4, 8), shortcut=Shortcut.NONE)
    network, _, values = taps_of(spec)
    assert not any(n.endswith((".shortcut", ".join")) or "downsample" in n for n in values)
    assert not any("downsample" in n or "join" in n for n, _ in network.named_modules())
    for block in spec.blocks():
        assert torch.equal(values[block], values[f"{block}.branch"].relu())


def test_twins_differ_in_the_addition_alone():
    """Up to the first addition both compute the same; there they part."""
    spec = NetworkSpec(depths=(2,), widths=(4,))
    _, _, residual = taps_of(spec)
    _, _, plain = taps_of(spec.plain())
    assert torch.equal(residual["layer1.0.branch"], plain["layer1.0.branch"])
    assert not torch.equal(residual["layer1.0"], plain["layer1.0"])


def test_option_c_projects_at_every_block():
    network = build(
        NetworkSpec(depths=(2, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION_ALL), seed=0
    )
    assert all(isinstance(block.downsample, Projection) for block in network.blocks())
    option_b = build(
        NetworkSpec(depths=(2, 2), widths=(4, 8), shortcut=Shortcut.PROJECTION), seed=0
    )
    kinds = [type(block.downsample).__name__ for block in option_b.blocks()]
    assert kinds == ["Identity", "Identity", "Projection", "Identity"]


def test_option_b_projects_where_only_the_channels_change():
    spec = NetworkSpec(
        block=Block.BOTTLENECK, depths=(2,), widths=(4,), shortcut=Shortcut.PROJECTION
    )
    kinds = [type(block.downsample).__name__ for block in build(spec, seed=0).blocks()]
    assert kinds == ["Projection", "Identity"]


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 7), (7, 10), (1, 1), (2, 3)])
@pytest.mark.parametrize(("before", "after"), [(4, 8), (4, 9), (3, 3), (4, 16)])
def test_zero_padding_by_hand(height, width, before, after):
    x = torch.arange(2.0 * before * height * width).view(2, before, height, width) + 1
    got = ZeroPad(before, after, 2)(x)
    expected = torch.zeros(2, after, -(-height // 2), -(-width // 2))
    front = (after - before) // 2
    for channel in range(before):
        for row in range(0, height, 2):
            for column in range(0, width, 2):
                expected[:, front + channel, row // 2, column // 2] = x[:, channel, row, column]
    assert torch.equal(got, expected)


@pytest.mark.parametrize("size", [15, 16, 17, 31])
@pytest.mark.parametrize("option", Shortcut)
def test_shortcut_and_branch_meet_on_every_size(size, option):
    spec = NetworkSpec(depths=(1, 1, 1), widths=(4, 8, 12), shortcut=option, input_size=size)
    _, _, values = taps_of(spec, size)
    side = ((size + 1) // 2 + 1) // 2
    assert values["layer3.0"].shape[2:] == (side, side)


def test_nothing_works_in_place():
    network = build(NetworkSpec.preset("resnet20"), seed=0)
    assert not any(getattr(m, "inplace", False) for m in network.modules())
    network.eval()
    versions = []
    with torch.no_grad():
        network(torch.ones(1, 3, 32, 32), lambda n, v: (versions.append(v), v)[1])
    assert {v._version for v in versions} == {0}


def test_a_tap_may_change_what_flows():
    network = build(NetworkSpec(depths=(2,), widths=(4,), classes=3), seed=0).eval()
    images = torch.ones(1, 3, 32, 32)

    def cut(name, value):
        return torch.zeros_like(value) if name == "layer1.0.branch" else value

    seen = {}
    with torch.no_grad():
        network(images, lambda n, v: seen.setdefault(n, cut(n, v)))
    assert torch.equal(seen["layer1.0"], seen["relu"])
