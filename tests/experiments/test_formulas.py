"""The formulas of residual learning, checked where they are exact and where they are not."""

import pytest
import torch

from resnet_viz.experiments.batches import photographs
from resnet_viz.experiments.formulas import check_formulas
from resnet_viz.experiments.gradients import GradientConfig
from resnet_viz.networks.resnet import build
from resnet_viz.spec import Kind, Order


def checked(order, depth=20):
    config = GradientConfig(depths=(depth,), order=order)
    return check_formulas(build(config.spec(depth, Kind.RESIDUAL), seed=1), *photographs())


@pytest.fixture(scope="module")
def both():
    return {order: checked(order) for order in Order}


@pytest.mark.parametrize("order", Order)
def test_block_is_branch_plus_shortcut(order, both):
    assert max(block.sum_error for block in both[order].blocks) < 1e-5


def test_sum_over_blocks_is_exact_for_pre_activation(both):
    assert max(block.telescope_error for block in both[Order.PRE].blocks) < 1e-5


def test_sum_over_blocks_is_not_exact_behind_a_relu(both):
    assert both[Order.POST].blocks[-1].telescope_error > 0.01


@pytest.mark.parametrize("order", Order)
def test_identity_part_and_branch_part_make_up_the_gradient(order, both):
    for block in both[order].blocks:
        assert block.gradient_error < 1e-5
        assert block.identity_part > 0
        assert block.branch_part > 0


def test_checking_leaves_no_trace():
    network = build(GradientConfig(depths=(8,)).spec(8, Kind.RESIDUAL), seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    check_formulas(network, *photographs())
    assert all(torch.equal(before[n], v) for n, v in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())
