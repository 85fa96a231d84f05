"""The receptive field of the table against the pixels that a value's gradient reaches."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from resnet_viz import Block, NetworkSpec, Shortcut, Stem, build, layer_table
from resnet_viz.spec import Activation, Norm, Order, StrideOn

WITHOUT = {"norm": Norm.NONE, "activation": Activation.TANH, "input_channels": 1}
NETWORKS = {
    "basic, option A": NetworkSpec(depths=(2, 2), widths=(2, 4), **WITHOUT),
    "basic, plain": NetworkSpec(
        depths=(2, 2), widths=(2, 4), shortcut=Shortcut.NONE, **WITHOUT
    ),
    "basic, option C": NetworkSpec(
        depths=(1, 2, 1), widths=(2, 3, 4), shortcut=Shortcut.PROJECTION_ALL, **WITHOUT
    ),
    "bottleneck": NetworkSpec(
        block=Block.BOTTLENECK, depths=(2, 2), widths=(2, 3), shortcut=Shortcut.PROJECTION,
        **WITHOUT,
    ),
    "stride on 1x1": NetworkSpec(
        block=Block.BOTTLENECK, depths=(1, 2), widths=(2, 3), shortcut=Shortcut.PROJECTION,
        stride_on=StrideOn.CONV_1X1, **WITHOUT,
    ),
    "pre-activation": NetworkSpec(
        depths=(1, 2), widths=(2, 3), shortcut=Shortcut.PROJECTION, order=Order.PRE, **WITHOUT
    ),
    "imagenet stem": NetworkSpec(
        depths=(1, 1), widths=(2, 3), shortcut=Shortcut.PROJECTION, stem=Stem.IMAGENET, **WITHOUT
    ),
    "imagenet stem, plain": NetworkSpec(
        depths=(1, 1), widths=(2, 3), shortcut=Shortcut.NONE, stem=Stem.IMAGENET, **WITHOUT
    ),
}  # fmt: skip
SIDE = 129  # pixels: larger than every receptive field here


def support(spec, name, *, through):
    """Side of the square of pixels with a gradient from the middle of layer ``name``.

    ``through`` says what a branch hands on: all of it, or nothing.
    """
    network = build(spec, seed=0).double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.uniform_(module.weight, 0.1, 0.2)  # positive: no two paths cancel
        if isinstance(module, nn.MaxPool2d):
            module.forward = nn.AvgPool2d(3, 2, 1).forward  # a maximum lets one pixel through
    image = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.double, requires_grad=True)
    found = {}

    def tap(part, value):
        if part.endswith(".branch") and not through:
            value = value * 0
        found[part] = value
        return value

    network(image, tap)
    value = found[name]
    middle = value.shape[-1] // 2
    (gradient,) = torch.autograd.grad(value[0, :, middle, middle].sum(), image)
    rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
    assert (rows.max() - rows.min()) == (columns.max() - columns.min())
    return int(rows.max() - rows.min()) + 1


@pytest.mark.parametrize("name", NETWORKS)
def test_largest_field_is_the_support_of_the_gradient(name):
    spec = NETWORKS[name]
    rows = [r for r in layer_table(spec) if r.name not in ("avgpool", "fc")]
    for row in [*rows[:: max(1, len(rows) // 6)], rows[-1]]:
        if row.kind != "ZeroPad":
            assert support(spec, row.name, through=True) == row.receptive_max, row.name


@pytest.mark.parametrize(
    "name", [n for n, s in NETWORKS.items() if s.shortcut is not Shortcut.NONE]
)
def test_smallest_field_is_that_of_the_shortcuts_alone(name):
    spec = NETWORKS[name]
    rows = {row.name: row for row in layer_table(spec)}
    last = f"{spec.blocks()[-1]}.join"
    expected = rows[last].receptive_min
    assert support(spec, last, through=False) == expected
    assert expected < rows[last].receptive_max


def test_a_plain_network_has_one_path():
    for row in layer_table(NetworkSpec.preset("plain56")):
        assert row.receptive_min == row.receptive_max


@pytest.mark.parametrize(
    ("name", "expected"), [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)]
)
def test_known_receptive_fields(name, expected):
    """Araujo et al. 2019 (Distill), table, for the stride of He 2015, on the 1x1 convolution."""
    spec = replace(NetworkSpec.preset(name), stride_on=StrideOn.CONV_1X1)
    assert layer_table(spec)[-3].receptive_max == expected
    later = layer_table(NetworkSpec.preset(name))[-3].receptive_max  # torchvision's: on the 3x3
    assert later == expected - 2 * (4 + 8 + 16)
