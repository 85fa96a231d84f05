"""The table of layers against torch's own counter."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet_viz import NetworkSpec, ResNet, Shortcut, layer_table
from resnet_viz.networks.catalog import CIFAR10_CLASSES, class_names
from resnet_viz.spec import PRESETS


@pytest.mark.parametrize("name", ["resnet20", "plain20", "resnet110", "resnet18", "plain18",
                                  "resnet50", "plain50", "resnet152"])  # fmt: skip
def test_multiply_accumulates_are_half_of_torchs_operations(name):
    spec = NetworkSpec.preset(name)
    with torch.device("meta"):
        network = ResNet(spec).eval()
        image = torch.empty(1, 3, spec.input_size, spec.input_size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    assert sum(row.macs for row in layer_table(spec)) * 2 == counter.get_total_flops()


def test_macs_of_known_networks():
    """He 2015, table 1."""
    names = ("resnet18", "resnet34")
    total = {n: sum(r.macs for r in layer_table(NetworkSpec.preset(n))) for n in names}
    assert total["resnet18"] == pytest.approx(1.8e9, rel=0.02)
    assert total["resnet34"] == pytest.approx(3.6e9, rel=0.03)


@pytest.mark.parametrize("name", ["resnet20", "resnet50"])
def test_rows_hold_every_weight_but_those_of_normalisation(name):
    spec = NetworkSpec.preset(name)
    rows = layer_table(spec)
    with torch.device("meta"):
        network = ResNet(spec)
    norms = sum(p.numel() for n, p in network.named_parameters() if p.ndim == 1 and "fc" not in n)
    assert sum(row.parameters for row in rows) + norms == PRESETS[name].parameters
    assert len({row.name for row in rows}) == len(rows)


def test_rows_come_in_order_of_execution_with_their_shapes():
    rows = {row.name: row for row in layer_table(NetworkSpec.preset("resnet18"))}
    names = list(rows)
    assert names[0] == "conv1"
    assert names[-1] == "fc"
    assert rows["conv1"].shape == (64, 112, 112)
    assert rows["layer4.1.conv2"].shape == (512, 7, 7)
    assert rows["layer2.0.downsample.0"].shape == (128, 28, 28)
    assert rows["fc"].shape == (1000,)
    assert rows["fc"].macs == 512_000
    assert rows["fc"].kind == "Linear"


def test_option_c_costs_more_than_b_and_b_more_than_a():
    def macs(option):
        spec = NetworkSpec(depths=(2, 2), widths=(8, 16), shortcut=option)
        return sum(row.macs for row in layer_table(spec))

    a, b, c = (macs(o) for o in (Shortcut.ZERO_PAD, Shortcut.PROJECTION, Shortcut.PROJECTION_ALL))
    assert macs(Shortcut.NONE) == a < b < c


def test_classes_have_names():
    assert class_names(NetworkSpec.preset("resnet20")) == CIFAR10_CLASSES
    assert class_names(NetworkSpec.preset("resnet50"))[:2] == ("tench", "goldfish")
    assert class_names(NetworkSpec(depths=(1,), widths=(4,), classes=3)) == ("0", "1", "2")
