"""What people really have: the kinds of files that other programs write, each found and told."""

import copy
import re
from dataclasses import replace

import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.heads import HeadKind
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.identifying.normalisation import NORMALISATIONS
from resnet_viz.checkpoints.reading.state_dict import StateDict, unwrap
from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING, preprocessing_for
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.spec import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideOn,
)

SMALL = NetworkSpec(depths=(2, 2, 2), widths=(8, 16, 32))


def weights(spec, seed=1):
    """Weights like trained ones: scales and shifts moved, statistics of photographs."""
    network = build(spec, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                module.bias.normal_(0, 0.1, generator=generator)
    set_statistics(network, sample_batch(preprocessing_for(spec))[::2])
    return network.eval()


def renamed(network, old="layer", new="stage"):
    return {key.replace(old, new): value for key, value in network.state_dict().items()}


FUNCTIONS = {
    "zeros behind": replace(SMALL, padding=Padding.BEHIND),
    "zeros before": replace(SMALL, padding=Padding.BEFORE),
    "zeros split": SMALL,
    "plain": SMALL.plain(),
    "bare projections": replace(SMALL, shortcut=Shortcut.PROJECTION, shortcut_norm=False),
    "d2l": replace(SMALL, shortcut=Shortcut.PROJECTION, shortcut_norm=False, bias=True),
    "pre-activation": replace(SMALL, shortcut=Shortcut.PROJECTION, order=Order.PRE),
    "pre-activation, raw": replace(
        SMALL, shortcut=Shortcut.PROJECTION, order=Order.PRE, shortcut_input=ShortcutInput.RAW
    ),
    "biases": replace(SMALL, bias=True),
    "edges behind": replace(SMALL, shortcut=Shortcut.PROJECTION, edges=Edges.BEHIND),
    "stride on the 1x1": NetworkSpec(
        block=Block.BOTTLENECK, depths=(1, 1, 1), widths=(8, 16, 32), shortcut=Shortcut.PROJECTION,
        stride_on=StrideOn.CONV_1X1,
    ),
    "means before projections": replace(
        SMALL, shortcut=Shortcut.PROJECTION, downsample=Downsample.AVG
    ),
    "max pool of a 3x3 stem": replace(
        SMALL, shortcut=Shortcut.PROJECTION, stem_pool=StemPool.MAX
    ),
    "3x3 shortcuts": replace(SMALL, shortcut=Shortcut.PROJECTION, shortcut_kernel=3),
    "no last norm": replace(
        SMALL, shortcut=Shortcut.PROJECTION, order=Order.PRE, last_norm=False
    ),
    "squeeze and excitation": replace(SMALL, attention=Attention.SE, attention_reduction=4),
    "convolutions along channels": replace(SMALL, attention=Attention.ECA, attention_kernel=5),
    "silu": replace(SMALL, shortcut=Shortcut.PROJECTION, activation=Activation.SILU),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_function_is_found_by_fit_where_tensors_are_alike(name):
    network = weights(FUNCTIONS[name])
    foreign = {"edges": ""} if network.spec.edges is Edges.BEHIND else {}
    found = identify(StateDict(renamed(network), metadata=foreign), "w")
    assert found.spec == network.spec
    assert found.sure
    x = sample_batch(CIFAR_PREPROCESSING)[:4]
    with torch.no_grad():
        assert torch.allclose(found.network(x), network(x), atol=1e-4)


def test_names_that_do_not_count_modules_leave_the_pool_of_projections_to_the_fit():
    network = weights(FUNCTIONS["means before projections"])
    names = {"downsample.1": "skip.conv", "downsample.2": "skip.bn"}
    tensors = dict(network.state_dict())
    for old, new in names.items():
        tensors = {key.replace(old, new): value for key, value in tensors.items()}
    assert identify(StateDict(tensors), "w").spec == network.spec


def test_linear_layers_of_squeeze_and_excitation_are_read():
    network = weights(FUNCTIONS["squeeze and excitation"])
    tensors = {
        key.replace(".se.fc1", ".excite.0").replace(".se.fc2", ".excite.2"): value.flatten(1)
        if ".se." in key and value.ndim == 4 else value
        for key, value in network.state_dict().items()
    }  # fmt: skip
    found = identify(StateDict(tensors), "w")
    assert found.spec == network.spec
    assert found.sure


def test_what_else_the_tensors_fit_is_said_with_its_score():
    found = identify(StateDict(renamed(weights(FUNCTIONS["zeros behind"]))), "w")
    assert "padding=behind" in found.file.function
    assert {"padding=split", "padding=before"} <= set(found.file.rivals)
    assert not found.file.open


@pytest.fixture(scope="module")
def trained():
    return weights(SMALL)


def without(tensors, *words):
    return {key: value for key, value in tensors.items() if not any(w in key for w in words)}


HEADS = {
    "none": (HeadKind.NONE, 0, {}),
    "no bias": (HeadKind.LINEAR, 10, {"fc.weight": torch.ones(10, 32)}),
    "1x1 convolution": (
        HeadKind.CONVOLUTION, 7,
        {"final.weight": torch.ones(7, 32, 1, 1), "final.bias": torch.zeros(7)},
    ),
    "two layers": (
        HeadKind.LAYERS, 5,
        {"fc.0.weight": torch.ones(16, 32), "fc.0.bias": torch.zeros(16),
         "fc.1.weight": torch.ones(16), "fc.1.bias": torch.zeros(16),
         "fc.1.running_mean": torch.zeros(16), "fc.1.running_var": torch.ones(16),
         "fc.3.weight": torch.ones(5, 16), "fc.3.bias": torch.zeros(5)},
    ),
    "side by side": (
        HeadKind.SEVERAL, 4,
        {"head_a.weight": torch.ones(4, 32), "head_a.bias": torch.zeros(4),
         "head_b.weight": torch.ones(2, 32), "head_b.bias": torch.zeros(2)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_the_body_is_identified_whatever_the_head(name, trained):
    kind, classes, tensors = HEADS[name]
    found = identify(StateDict({**without(trained.state_dict(), "fc"), **tensors}), "w")
    assert found.sure
    assert found.spec.depths == SMALL.depths
    assert found.file.head.kind is kind
    assert found.file.head.classes == classes
    assert found.matched == found.total
    if found.file.head.layer is None:  # its outputs are the pooled features
        x = sample_batch(CIFAR_PREPROCESSING)[:2]
        kept = {}
        trained(x, kept.setdefault)
        assert torch.allclose(found.network(x), kept["avgpool"].flatten(1), atol=1e-5)


@pytest.mark.parametrize("start", ["", "conv1.", "layer2"])
def test_biases_of_some_convolutions_are_read(start):
    network = weights(replace(SMALL, bias=True))
    kept = {key: value for key, value in network.state_dict().items()
            if key.startswith(start) or not re.search(r"conv\d?\.bias$", key)}  # fmt: skip
    found = identify(StateDict(kept), "w")
    assert found.spec.bias
    for key, value in found.network.state_dict().items():
        assert torch.equal(value, kept.get(key, torch.zeros_like(value))), key


BESIDE = {
    "a loss": {"criterion.weight": torch.ones(10)},
    "metrics": {"val_acc.confmat": torch.zeros(5, 5), "train_metric.tp": torch.zeros(5)},
    "centres": {"loss.centers": torch.zeros(10, 32)},
    "a memory bank": {"queue": torch.zeros(32, 64)},
    "observers": {"layer1.0.conv1.activation_post_process.min_val": torch.zeros(8)},
    "something unheard of": {"gauge": torch.zeros(12), "extra.table": torch.zeros(3, 4, 5)},
}


@pytest.mark.parametrize("name", BESIDE)
def test_tensors_beside_the_network_are_set_aside_and_told(name, trained):
    body = {f"model.{key}": value for key, value in trained.state_dict().items()}
    inside = {f"model.{k}" if k.startswith("layer") else k: v for k, v in BESIDE[name].items()}
    found = identify(unwrap({"state_dict": {**body, **inside}}, "w"), "w")
    assert found.spec == SMALL
    assert len(found.file.aside) == len(BESIDE[name])


@pytest.mark.parametrize("unit", [1, 255])
def test_a_normaliser_in_the_file_is_used(unit, trained):
    mean, deviation = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])
    beside = {"normalize.mean": mean.view(1, 3, 1, 1) * unit, "normalize.std": deviation * unit}
    body = {f"net.{key}": value for key, value in trained.state_dict().items()}
    found = identify(unwrap({**beside, **body}, "w"), "w")
    assert found.normalisation == "file"
    assert found.preprocessing.mean == pytest.approx((0.4, 0.5, 0.6))
    assert found.preprocessing.deviation == pytest.approx((0.2, 0.3, 0.25))


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_usual_normalisations_are_found_by_fit(name):
    mean, deviation = NORMALISATIONS[name]
    network = build(replace(SMALL, depths=(1, 1, 1)), seed=1)
    preprocessing = replace(CIFAR_PREPROCESSING, mean=mean, deviation=deviation)
    set_statistics(network, sample_batch(preprocessing)[::2])
    assert identify(StateDict(network.state_dict()), "w", network.spec).normalisation == name


def test_a_first_stage_is_no_deep_stem():
    """Tried in vain, it would cost every CIFAR network a second round at 224 pixels."""
    found = candidates(build(NetworkSpec.preset("resnet20"), seed=0).state_dict())
    assert {candidate.spec.stem for candidate in found} == {Stem.CIFAR}


def test_missing_statistics_are_missing_not_group_norm(trained):
    tensors = without(trained.state_dict(), "running", "num_batches")
    found = identify(StateDict(tensors), "w", SMALL)
    assert found.spec.norm is Norm.BATCH
    assert not found.file.has_statistics
    (usual, *_) = candidates(tensors)
    assert usual.spec.norm is Norm.BATCH


def test_groups_in_the_names_are_group_norm():
    network = build(replace(SMALL, norm=Norm.GROUP), seed=0)
    found = candidates({k.replace("bn", "gn"): v for k, v in network.state_dict().items()})
    assert {candidate.spec.norm for candidate in found} == {Norm.GROUP}


def vgg(widths=(8, 8, 16, 16, 32, 32, 32, 32)):
    layers, before = [], 3
    for width in widths:
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        before = width
    return nn.ModuleDict({"features": nn.Sequential(*layers, nn.Conv2d(before, before, 3)),
                          "classifier": nn.Linear(before, 10)})  # fmt: skip


def test_a_chain_with_pools_is_no_resnet():
    network = vgg()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 4)
    with pytest.raises(CheckpointError, match="fit no known"):
        identify(StateDict(network.state_dict()), "w")


def test_a_wide_network_counts_as_its_authors_do():
    from resnet_viz.diagnosis.network_facts import published_depth

    assert published_depth(NetworkSpec.preset("wrn-28-10")) == 28
    assert published_depth(NetworkSpec.preset("resnet164")) == 164


def test_a_named_network_still_gets_its_padding_by_fit():
    network = weights(FUNCTIONS["zeros behind"])
    found = identify(StateDict(network.state_dict()), "w", SMALL)
    assert found.spec == network.spec


def test_folded_norms_are_named():
    with torch.device("meta"):
        tensors = ResNet(replace(SMALL, norm=Norm.NONE, bias=True)).state_dict()
    found = candidates(copy.copy(tensors))
    assert {candidate.spec.norm for candidate in found} == {Norm.NONE}
    assert all(candidate.spec.bias for candidate in found)
