"""Quick measures of weights and answers agree with the slow ones that they stand for."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from resnet_viz.diagnosis.answers import best_order
from resnet_viz.diagnosis.checks.weight_checks import weight_findings, weight_health
from resnet_viz.diagnosis.weighted_layers import is_finite, layers_of_file


@pytest.mark.parametrize("shape", [(6, 40), (40, 6), (16, 16), (1, 5)])
@pytest.mark.parametrize("size", [1e-25, 1.0, 1e25])
def test_the_spectral_norm_is_the_largest_singular_value(shape, size):
    layer = nn.Linear(shape[1], shape[0], bias=False)
    with torch.no_grad():
        layer.weight.mul_(size)
    (found,) = weight_health({"fc": layer}).values()
    assert found.spectral_norm == pytest.approx(
        float(torch.linalg.matrix_norm(layer.weight.detach(), ord=2)), rel=1e-4
    )


def test_a_layer_of_zeros_has_no_spectral_norm():
    layer = nn.Linear(4, 4, bias=False)
    nn.init.zeros_(layer.weight)
    assert weight_health({"fc": layer})["fc"].spectral_norm == 0.0


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("value", [1.0, math.nan, math.inf, -math.inf])
def test_one_value_that_is_not_finite_is_seen(kind, value):
    values = torch.ones(3, 5, dtype=kind)
    values[1, 2] = value
    assert is_finite(values) is math.isfinite(value)


def test_whole_numbers_and_nothing_are_finite():
    assert is_finite(torch.tensor([1, 2]))
    assert is_finite(torch.zeros(0))


def test_the_best_order_is_that_of_the_assignment_problem():
    drawn = np.random.default_rng(0)
    for size in (2, 3, 10):
        for _ in range(20):
            counts = drawn.integers(0, 5, (size, size)).astype(float)
            rows, columns = linear_sum_assignment(counts, maximize=True)
            share, order = best_order(counts)
            assert share == pytest.approx(counts[rows, columns].sum() / max(counts.sum(), 1))
            assert sorted(order) == list(range(size))


@pytest.mark.parametrize(
    ("changed", "check"),
    [(lambda w: w, ""), (torch.round, "quantised"), (lambda w: w.half().float(), "half_precision")],
)
def test_rounding_is_seen_though_only_a_sample_is_looked_at_first(changed, check):
    generator = torch.Generator().manual_seed(0)
    weight = changed(torch.randn(64, 32, 3, 3, generator=generator) * 9)
    found = {f.check for f in weight_findings(layers_of_file({"conv.weight": weight}))}
    assert found & {"quantised", "half_precision"} == {check} - {""}


def test_what_only_a_part_of_a_layer_has_is_not_said_of_it():
    weight = torch.randn(64, 32, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[:20] = weight[:20].round()  # the sample, and no other value
    found = {f.check for f in weight_findings(layers_of_file({"conv.weight": weight}))}
    assert not found & {"quantised", "half_precision"}
