"""Two checkpoints of one network: what they are to each other is named."""

import copy

import pytest
import torch
from torch import nn

from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.diagnosis.checks.pair_checks import pair_findings
from resnet_viz.diagnosis.compare_checkpoints import compare_checkpoints
from resnet_viz.diagnosis.diagnose import identified
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.pictures.samples import sample_batch
from resnet_viz.records import Severity
from tests.checkpoints.identifying.test_wild import weights
from tests.report.test_checkpoint_code import SMALL


@pytest.fixture(scope="module")
def raw():
    return weights(SMALL)


def new_head(network):
    nn.init.normal_(network.fc.weight, generator=torch.Generator().manual_seed(3))


def drifted(network):
    new_head(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.mul_(1.2)
            module.running_var.mul_(0.7)


def averaged(network):
    generator = torch.Generator().manual_seed(5)
    for value in network.parameters():
        if value.ndim > 1:
            noise = torch.randn(value.shape, generator=generator)
            value.add_(0.3 * noise * value.std())


def averaged_with_statistics(network):
    averaged(network)
    set_statistics(network, sample_batch(CIFAR_PREPROCESSING)[::2])


def averaged_with_wrong_statistics(network):
    averaged(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()


def other(network):
    network.load_state_dict(weights(SMALL, seed=2).state_dict())


CASES = {
    drifted: ("pair_frozen", Severity.WARN),
    averaged: ("pair_statistics", Severity.WARN),
    averaged_with_statistics: ("pair_related", Severity.NOTE),
    averaged_with_wrong_statistics: ("pair_unfit", Severity.WARN),
    new_head: (None, None),
    other: (None, None),
}


@pytest.mark.parametrize("change", CASES, ids=lambda change: change.__name__)
def test_what_two_are_to_each_other_is_named(change, raw):
    second = copy.deepcopy(raw)
    with torch.no_grad():
        change(second)
    batch = sample_batch(CIFAR_PREPROCESSING)
    found = list(pair_findings(identified(raw), identified(second.eval()), (batch, batch)))
    check, severity = CASES[change]
    assert [(f.check, f.severity) for f in found] == ([] if check is None else [(check, severity)])
    if check == "pair_unfit":
        assert float(dict(found[0].words)["good"]) < float(dict(found[0].words)["bad"])


def test_networks_of_other_shapes_say_nothing(raw):
    wide = identified(weights(type(SMALL)(depths=(1, 1), widths=(8, 16))))
    batch = sample_batch(CIFAR_PREPROCESSING)
    assert not list(pair_findings(identified(raw), wide, (batch, batch)))


def test_two_copies_of_one_file_are_compared(raw, tmp_path):
    average = copy.deepcopy(raw)
    with torch.no_grad():
        averaged(average)
    path = tmp_path / "both.pt"
    torch.save({"state_dict": raw.state_dict(), "state_dict_ema": average.state_dict()}, path)
    pair = [identified(path, SMALL, copy=name) for name in ("state_dict", "state_dict_ema")]
    compared = compare_checkpoints(*pair)
    assert [finding.check for finding in compared.findings] == ["pair_statistics"]
