"""``diagnose`` takes a file, a state dict or a network, and changes none of them."""

import copy

import pytest
import torch
from torch import nn

from resnet_viz import diagnose
from resnet_viz.core.errors import CheckpointError
from resnet_viz.diagnosis.sources import read_source
from resnet_viz.records import Tier
from tests.checkpoints.identifying.test_wild import weights
from tests.checkpoints.saved_files import assert_equal_weights
from tests.report.test_checkpoint_code import SMALL


@pytest.fixture(scope="module")
def network():
    return weights(SMALL)


def summary(report):
    return [(f.check, f.severity, f.layer, f.value) for f in report.findings], report.layers


def test_a_network_is_diagnosed_as_what_it_is_and_left_alone(network):
    network.train()
    before = copy.deepcopy(network.state_dict())
    report = diagnose(network)
    assert report.identified.spec == SMALL
    assert report.name == "ResNet"
    assert report.code is None
    assert network.training
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert_equal_weights(network.state_dict(), before)


def test_state_dicts_and_files_say_the_same(network, tmp_path):
    tensors = {f"module.{key}": value for key, value in network.state_dict(keep_vars=True).items()}
    torch.save({"state_dict": network.state_dict()}, tmp_path / "w.pt")
    expected = summary(diagnose(tmp_path / "w.pt", spec=SMALL))
    assert summary(diagnose(tensors, spec=SMALL)) == expected
    assert all(value.requires_grad for value in tensors.values() if isinstance(value, nn.Parameter))
    nested = {"ema": {"net": tensors}, "model": tensors}
    assert summary(diagnose(nested, spec=SMALL, copy="ema.net"))[1] == expected[1]


def test_any_other_network_gets_checks_of_its_weights():
    network = nn.Sequential(*[nn.Linear(4, 4) for _ in range(9)])
    with torch.no_grad():
        network[3].weight[0, 0] = torch.nan
    report = diagnose(network)
    assert report.identified.tier is Tier.WEIGHTS
    assert report.findings[0].check == "not_finite"


@pytest.mark.parametrize("wrong", [3, None, b"weights.pt", [1]])
def test_anything_else_is_refused_with_one_sentence(wrong):
    with pytest.raises(CheckpointError, match="takes the path of a weights file, a state dict"):
        read_source(wrong)


def test_a_state_dict_without_tensors_is_refused():
    with pytest.raises(CheckpointError):
        diagnose({"epoch": 3})
