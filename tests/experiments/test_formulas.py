"""The formulas of residual learning, checked where they are exact and where they are not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.formula_checks import block_values, check_formulas
from resnet_viz.experiments.measures.formula_parts import bottleneck_formula
from resnet_viz.experiments.measures.gradient_growth import GradientConfig
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Claim, PixelFormula, Span
from resnet_viz.spec import RESIDUAL_PRESETS, Kind, Order


def checked(order, depth=14):
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


@pytest.mark.parametrize("order", Order)
def test_the_right_formula_is_exact_and_the_wrong_one_is_not(order, both):
    checks = {check.claim: check for check in both[order].claims}
    assert set(checks) == set(Claim)
    assert all(check.right.high < 1e-5 for check in checks.values())
    without_relu = {Claim.GRADIENT, Claim.WEIGHTS, Claim.TWO_BLOCKS}
    for claim, check in checks.items():
        if order is Order.PRE and claim in without_relu:
            assert check.written.high < 1e-5
        else:
            assert check.written.low > 1e-3, claim
    assert checks[Claim.TAYLOR].written == Span(1, 1)


@pytest.mark.parametrize("order", Order)
def test_a_linear_layer_stands_between_pool_and_softmax(order, both):
    head = both[order].head
    assert (head.channels, head.classes, head.parameters) == (64, 10, 650)
    assert head.error < 1e-6


def test_a_bottleneck_is_not_two_3x3_convolutions():
    """He et al. 2015, fig. 5: with 256 channels outside and 64 inside."""
    counted = bottleneck_formula(256)
    assert counted.bottleneck == 256 * 64 + 9 * 64 * 64 + 64 * 256
    assert counted.two_3x3 == 2 * 9 * 256 * 256


def test_counting_the_identity_twice_is_off_by_the_gradient_of_the_output():
    """Recomputed from the outside: loss, blocks and gradients by hand."""
    network = build(GradientConfig(depths=(8,)).spec(8, Kind.RESIDUAL), seed=0).eval()
    images, labels = photographs()
    shown = {}

    def keep(name, value):
        shown[name] = value
        return value

    loss = torch.nn.functional.cross_entropy(network(images, keep), labels)
    at_x, at_output = torch.autograd.grad(loss, [shown["relu"], shown["layer1.0"]])
    (found,) = (c for c in check_formulas(network, images, labels).claims
                if c.claim is Claim.DOUBLE)  # fmt: skip
    assert found.written.high == pytest.approx(float(at_output.norm() / at_x.norm()), rel=1e-4)


@pytest.mark.parametrize("order", Order)
def test_four_paths_make_up_the_gradient_of_two_blocks(order, both):
    paths = both[order].paths
    assert (paths.first, paths.second) == ("layer1.0", "layer1.1")
    assert paths.error < 1e-5
    assert min(paths.around, paths.through_first, paths.through_second, paths.through_both) > 0


def test_checking_leaves_no_trace():
    network = build(GradientConfig(depths=(8,)).spec(8, Kind.RESIDUAL), seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    check_formulas(network, *photographs())
    assert all(torch.equal(before[n], v) for n, v in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())


@pytest.fixture(scope="module")
def trained():
    if "resnet20" not in bundled_names():
        pytest.skip("no bundled twins")
    return load(NetworkRef.parse("resnet20")).network


def test_formulas_hold_on_a_trained_network_too(trained):
    blocks = check_formulas(trained, *photographs()).blocks
    assert max(block.sum_error for block in blocks) < 1e-5
    assert max(block.gradient_error for block in blocks) < 1e-5
    assert blocks[-1].telescope_error > 0.01


def test_one_pixel_has_the_numbers_of_the_network(trained):
    images, labels = photographs()
    values = block_values(trained, images, labels, "layer2.1", 3)
    shown = {}

    def keep(name, value):
        shown[name] = value
        return value

    with torch.no_grad():
        trained(images, keep)
    for part in ("branch", "shortcut", "join"):
        expected = shown[f"layer2.1.{part}"][3].numpy()
        assert np.allclose(getattr(values, part), expected, atol=1e-6)
    found = PixelFormula.at(values, *values.telling)
    assert found.exact
    assert found.output == max(found.join, 0)
    assert values.chain == ("layer2.0", "layer2.1")
    assert abs(found.telescope - found.output) > 0.1  # the sum misses the output here
    assert found.telescope + sum(found.cuts) == pytest.approx(found.output, abs=1e-5)
    assert found.gradient[0] + found.gradient[1] == pytest.approx(found.gradient[2], rel=1e-4)


def test_pixel_sum_over_a_stage_is_exact_for_pre_activation_and_shapes_that_change_are_said():
    network = build(GradientConfig(order=Order.PRE).spec(14, Kind.RESIDUAL), seed=0)
    images, labels = photographs()
    found = PixelFormula.at(block_values(network, images, labels, "layer2.1", 0), 1, 2, 3)
    assert found.telescope == pytest.approx(found.output, rel=1e-5)
    changed = PixelFormula.at(block_values(network, images, labels, "layer2.0", 0), 1, 2, 3)
    assert changed.gradient is None


def test_formulas_hold_on_a_preset_with_projections():
    spec = RESIDUAL_PRESETS["preact-resnet18"].spec
    small = replace(spec, widths=(4, 8, 16, 32))
    found = check_formulas(build(small, seed=0), *photographs())
    assert max(block.gradient_error for block in found.blocks) < 1e-5
    assert found.blocks[-1].telescope_error > 1e-3  # a projection is no identity
