"""Statistics of a batch are measured without a trace, and once."""

import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.checkpoints.identifying.bn_consistency import consistency, layer_score
from resnet_viz.checkpoints.running_statistics import Remeasured, remeasured, set_statistics
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.pictures.samples import SMALL, photographs, sample_batch, samples

SPEC = NetworkSpec(depths=(1, 1), widths=(4, 8))


def batch(seed=0):
    return torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("training", [True, False])
def test_measuring_leaves_no_trace(training):
    network = build(SPEC, seed=0).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = remeasured(network, batch())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(module.training is training for module in network.modules())
    logits = set_statistics(network, batch())
    assert torch.equal(found.logits, logits)
    for name, (mean, variance) in found.statistics.items():
        norm = network.get_submodule(name)
        assert torch.equal(norm.running_mean, mean)
        assert torch.equal(norm.running_var, variance)


def test_a_pass_that_fails_leaves_no_trace():
    network = build(SPEC, seed=0).eval()
    mean = network.bn1.running_mean
    with pytest.raises(RuntimeError):
        remeasured(network, batch()[:, :2])
    assert network.bn1.running_mean is mean
    assert not network.training


def test_known_statistics_save_the_pass_of_their_batch_and_no_other():
    network = build(SPEC, seed=0).eval()
    known = remeasured(network, batch())
    false = Remeasured(known.batch, {n: (m + 9, v) for n, (m, v) in known.statistics.items()},
                       known.logits)  # fmt: skip
    right = consistency(network, batch()).scores
    assert consistency(network, batch(), false).scores != right
    assert consistency(network, batch(1), false).scores == consistency(network, batch(1)).scores
    assert consistency(network, batch(), known).scores == right


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_layer_is_scored_by_mean_and_unbiased_variance(layout):
    norm = nn.BatchNorm2d(5).eval()
    values = torch.randn(3, 5, 7, 7, generator=torch.Generator().manual_seed(0)) * 3 + 40
    wanted = values.mean((0, 2, 3)).abs().median() + values.var((0, 2, 3)).log().abs().median()
    got = layer_score(norm, values.contiguous(memory_format=layout))
    assert got == pytest.approx(float(wanted), rel=1e-4)


@pytest.mark.parametrize("size", [8, SMALL, SMALL + 1])
def test_large_photographs_have_no_mirror_images(size):
    usual = Preprocessing(size, size, (0.5,) * 3, (0.5,) * 3)
    expected = 2 * len(samples()) if size <= SMALL else len(samples())
    assert torch.equal(photographs(usual), sample_batch(usual)[:expected])
