"""The table of layers against the network itself and against torch's own counters."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_viz import NetworkSpec, ResNet, Shortcut, build, layer_table
from resnet_viz.core.errors import SpecError
from resnet_viz.networks.tables.totals import shortcut_cost, totals
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES, TORCHVISION_WEIGHTS, class_names
from resnet_viz.networks.zoo.torchvision_names import weights_named
from resnet_viz.pictures.preprocess import IMAGENET_PREPROCESSING
from resnet_viz.spec import PRESETS
from tests.networks.specs import DESIGNS, fields

DEEP = 100  # layers; a pass on the meta device takes seconds


def on_meta(spec):
    with torch.device("meta"):
        image = torch.empty(2, spec.input_channels, spec.input_size, spec.input_size)
        return ResNet(spec).eval(), image


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if p.depth > DEEP and n != "resnet110" else n
     for n, p in PRESETS.items()],
)  # fmt: skip
def test_multiply_accumulates_are_half_of_torchs_operations(name):
    spec = NetworkSpec.preset(name)
    network, image = on_meta(spec)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    assert totals(spec).macs * 2 * len(image) == counter.get_total_flops()


def test_macs_of_known_networks():
    """He 2015, table 1."""
    found = {n: totals(NetworkSpec.preset(n)).macs for n in ("resnet18", "resnet34")}
    assert found["resnet18"] == pytest.approx(1.8e9, rel=0.02)
    assert found["resnet34"] == pytest.approx(3.6e9, rel=0.03)


@pytest.mark.parametrize("name", PRESETS)
def test_rows_hold_every_weight(name):
    spec = NetworkSpec.preset(name)
    rows = layer_table(spec)
    assert sum(row.parameters for row in rows) == PRESETS[name].parameters
    assert len({row.name for row in rows}) == len(rows)


@settings(max_examples=40, deadline=None)
@given(fields=fields())
def test_rows_are_the_networks_own_layers_with_its_shapes(fields):
    spec = NetworkSpec(**fields)
    network, image = on_meta(spec)
    seen = {}
    with torch.no_grad():
        network(image, seen.setdefault)
    rows = {row.name: row for row in layer_table(spec)}
    modules = dict(network.named_modules())
    ran = [n for n in seen if type(modules.get(n)) not in (type(None), nn.Identity)]
    wanted = [n for n in ran if n not in spec.blocks()] + [n for n in seen if n.endswith(".join")]
    assert set(rows) == set(wanted)
    order = list(seen)
    assert [order.index(n) for n in rows] == sorted(order.index(n) for n in rows)
    for name, row in rows.items():
        flat = seen[name].shape[1:]
        assert row.shape == tuple(flat), name
        assert row.memory == 4 * flat.numel()
        if name in modules:
            assert row.parameters == sum(p.numel() for p in modules[name].parameters()), name
            known = {"ZeroPad", "Scale", "Shift", "DropBranch", "Add"}
            assert row.kind == type(modules[name]).__name__ or row.kind in known


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
    assert rows["layer2.0.join"].inputs == ("layer2.0.bn2", "layer2.0.downsample.1")


def test_option_c_costs_more_than_b_and_b_more_than_a():
    def macs(option):
        return totals(NetworkSpec(depths=(2, 2), widths=(8, 16), shortcut=option)).macs

    a, b, c = (macs(o) for o in (Shortcut.ZERO_PAD, Shortcut.PROJECTION, Shortcut.PROJECTION_ALL))
    assert macs(Shortcut.NONE) == a < b < c


@pytest.mark.parametrize("name", ["resnet20", "resnet110", "resnet1202"])
def test_option_a_costs_nothing(name):
    assert dataclasses.astuple(shortcut_cost(NetworkSpec.preset(name))) == (0, 0, 0)


def test_projections_of_resnet50_have_their_price():
    cost = shortcut_cost(NetworkSpec.preset("resnet50"))
    assert cost.parameters == 2_776_576
    assert cost.macs == PRESETS_MACS["resnet50"] - PRESETS_MACS["plain50"]


PRESETS_MACS = {name: totals(NetworkSpec.preset(name)).macs for name in ("resnet50", "plain50")}


@pytest.mark.parametrize("name", [*DESIGNS, "resnet20", "plain20"])
def test_what_the_forward_pass_keeps_is_what_autograd_saves(name):
    """Bytes of distinct storages that autograd packs, without weights and BN's small vectors."""
    spec = DESIGNS[name] if name in DESIGNS else NetworkSpec.preset(name)
    network, batch = build(spec, seed=0), 4
    own = {t.data_ptr() for t in network.state_dict().values()}
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and tensor.ndim == 4:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    images = torch.randn(batch, spec.input_channels, spec.input_size, spec.input_size)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = network(images)
    flat = batch * 4 * network.fc.in_features  # avgpool's output reaches the head flattened
    measured = sum(size for size, _ in kept.values()) + flat
    assert logits.requires_grad
    assert totals(spec).kept * batch == pytest.approx(measured, rel=0.01)


def test_training_memory_grows_with_the_batch():
    found = totals(NetworkSpec.preset("resnet20"))
    one, two = found.training_memory(1), found.training_memory(2)
    assert two - one == found.kept + found.largest
    assert one > 12 * found.parameters


def test_a_network_too_large_is_refused_before_it_is_built():
    spec = NetworkSpec(depths=(100, 100), widths=(4096, 8192))
    with pytest.raises(SpecError, match="million parameters"):
        build(spec, seed=0)


def test_classes_have_names():
    assert class_names(NetworkSpec.preset("resnet20")) == CIFAR10_CLASSES
    assert class_names(NetworkSpec.preset("resnet50"))[:2] == ("tench", "goldfish")
    assert class_names(NetworkSpec(depths=(1,), widths=(4,), classes=3)) == ("0", "1", "2")


@pytest.mark.parametrize("name", TORCHVISION_WEIGHTS)
def test_published_weights_are_of_our_networks_and_our_preprocessing(name):
    weights = weights_named(TORCHVISION_WEIGHTS[name])
    assert weights.meta["num_params"] == PRESETS[name].parameters
    assert weights.meta["_ops"] == pytest.approx(totals(PRESETS[name].spec).macs / 1e9, abs=0.01)
    usual = weights.transforms()
    assert (usual.crop_size, usual.resize_size) == ([224], [256])
    assert tuple(usual.mean) == IMAGENET_PREPROCESSING.mean
    assert tuple(usual.std) == IMAGENET_PREPROCESSING.deviation
