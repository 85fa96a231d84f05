"""The catalog measured: tables against torch's own counters, and the rows of the graph."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet_viz import NetworkSpec, build
from resnet_viz.networks.tables.totals import totals
from resnet_viz.networks.zoo.build_zoo import build_zoo, zoo_without_weights
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.probe.main_steps import zoo_table
from resnet_viz.probe.measured_layers import measured_layers, measured_totals
from tests.networks.test_zoo import ALIKE

TABLES = {}


def table(name):
    if name not in TABLES:
        TABLES[name] = zoo_table(name)
    return TABLES[name]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in ALIKE else n for n in ZOO]
)
def test_a_table_is_its_network(name):
    row, found = ZOO[name], table(name)
    network = zoo_without_weights(name).eval()
    image = torch.empty(1, row.input_channels, row.input_size, row.input_size, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    macs = sum(layer.macs for layer in found.layers)
    assert 2 * macs == counter.get_total_flops()
    assert macs == row.macs == found.totals.macs == sum(g.macs for g in found.groups)
    if row.weights is not None:
        assert weights_named(row.weights).meta["_ops"] == pytest.approx(macs / 1e9, abs=0.01)
    assert sum(layer.parameters for layer in found.layers) == row.parameters
    assert sum(group.parameters for group in found.groups) == row.parameters
    assert sum(group.count for group in found.groups) == len(row.blocks) + 1
    assert len(found.groups) <= 16
    assert found.layers[-1].shape == (row.classes,)


def test_cards_draw_what_was_measured():
    for name in ("vgg11", "densenet121", "mobilenet_v2", "lenet5", "alexnet"):
        ways = {group.way for group in table(name).groups} - {None, "none"}
        assert ways == {ZOO[name].way} - {"none"}


def test_a_dense_block_lays_its_channels_beside_the_old_ones():
    dense = [group for group in table("densenet121").groups if group.way == "concatenation"]
    assert [group.count for group in dense] == [6, 12, 24, 16]
    assert [group.shape[0] for group in dense] == [64 + 6 * 32, 128 + 12 * 32, 1024, 1024]


def test_other_networks_add_or_have_no_way_around():
    ways = {n: {g.way for g in table(n).groups} for n in ("vgg11", "mobilenet_v2", "lenet5")}
    assert ways["vgg11"] == ways["lenet5"] == {"none", None}
    assert ways["mobilenet_v2"] == {"none", "identity", None}
    added = sum(g.count for g in table("mobilenet_v2").groups if g.way == "identity")
    assert added == 10  # Sandler 2018, table 2: repeated rows with stride 1


def test_kept_bytes_are_those_of_our_own_table():
    """A network of ours, measured like a foreign one, costs what its plan says."""
    spec = NetworkSpec.preset("resnet20")
    with torch.device("meta"):
        network, images = type(build(spec, seed=0))(spec), torch.empty(2, 3, 32, 32)
    own = totals(spec)
    rows = measured_layers(network.eval(), images).rows
    found = measured_totals(network, images, rows, spec.depth)
    assert (found.parameters, found.macs) == (own.parameters, own.macs)
    assert found.kept == pytest.approx(own.kept, rel=0.01)


def test_a_real_network_gives_the_same_rows_as_one_without_memory():
    image = torch.zeros(2, 1, 32, 32)
    real = measured_layers(build_zoo("lenet5").eval(), image).rows
    assert real == table("lenet5").layers
