"""Gradients at initialisation: expected values over five seeds, and no side effects."""

import numpy as np
import pytest
import torch

from resnet_viz.core.errors import NetworkError, OptionError
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.gradient_growth import (
    GradientConfig,
    gradient_measurements,
    measured_gradients,
    watched_steps,
)
from resnet_viz.experiments.measures.memory import check_memory
from resnet_viz.networks.resnet.model import build
from resnet_viz.probe.analyze import analyze
from resnet_viz.records.gradients import gradient_frame
from resnet_viz.records.theory import THEORY_BATCH_NORM, THEORY_DEFAULT
from resnet_viz.spec import Initialisation, Kind, NetworkSpec, Norm

SEEDS = 5
BOTH = (Kind.RESIDUAL, Kind.PLAIN)


def measured(**settings):
    return list(gradient_measurements(GradientConfig(**settings)))


@pytest.fixture(scope="module")
def deep():
    """Depth 56 with batch normalisation, five seeds of both kinds."""
    found = measured(depths=(56,), seeds=SEEDS)
    return {kind: [m for m in found if m.spec.kind is kind] for kind in BOTH}


def test_theory_is_what_the_papers_say():
    assert pytest.approx(1.211, abs=5e-4) == THEORY_BATCH_NORM
    assert pytest.approx(0.408, abs=5e-4) == THEORY_DEFAULT


def test_plain_with_batch_norm_grows_a_convolution_as_theory_says(deep):
    growth = [m.growth(stage) for m in deep[Kind.PLAIN] for stage in (1, 2, 3)]
    assert all(1.13 < g < 1.26 for g in growth), growth


def test_plain_56_explodes_against_residual_56(deep):
    ratios = {kind: [m.first_over_last for m in found] for kind, found in deep.items()}
    for plain, residual in zip(ratios[Kind.PLAIN], ratios[Kind.RESIDUAL], strict=True):
        assert plain / residual > 50
    assert 5 < np.median(ratios[Kind.RESIDUAL]) < 25


def test_default_initialisation_without_norm_vanishes_by_0_408_a_layer():
    found = measured(depths=(56,), kinds=(Kind.PLAIN,), norm=Norm.NONE,
                     initialisation=Initialisation.DEFAULT, seeds=SEEDS)  # fmt: skip
    growth = np.array([[m.growth(stage) for stage in (1, 2, 3)] for m in found])
    assert abs(growth.mean() - 0.408) < 0.02
    first = [m.convolutions()[0].weight_gradient_norm for m in found]
    assert 0 < min(first) <= max(first) < 1e-18  # not rounded to zero: the squares are no float32


def test_residual_without_norm_blows_up_in_size_but_not_in_ratio():
    found = measured(depths=(56,), kinds=(Kind.RESIDUAL,), norm=Norm.NONE)[0]
    assert found.loss > 100
    assert found.convolutions()[0].weight_gradient_norm > 100
    assert found.first_over_last < 5


def test_norms_are_those_of_analyze():
    """The lean measurement against the general one."""
    network = build(NetworkSpec.preset("resnet20"), seed=3)
    images, labels = photographs()
    found = measured_gradients(network, images, labels, seed=3)
    whole = analyze(network, images, target=labels, score="loss", parameters=True)
    for layer in found.layers:
        if layer.name.endswith(".branch"):
            continue
        expected = float(whole.activation_gradient_norms[layer.name].mean())
        assert layer.activation_gradient_norm == pytest.approx(expected, rel=1e-4)
        weight = whole.weight_gradient_norms.get(layer.name)
        if weight is not None:
            assert layer.weight_gradient_norm == pytest.approx(weight, rel=1e-4)


def test_looking_leaves_no_trace():
    network = build(NetworkSpec.preset("plain20"), seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    measured_gradients(network, *photographs(), seed=0)
    assert all(torch.equal(before[n], v) for n, v in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert torch.equal(state, torch.get_rng_state())
    assert network.training


def test_one_step_changes_everything():
    start, *rest = measured(depths=(56,), kinds=(Kind.PLAIN,), steps=1)
    assert [m.step for m in rest] == [1]
    assert rest[0].first_over_last < start.first_over_last / 100


@pytest.mark.parametrize(
    "settings",
    [{"depths": (21,)}, {"depths": (2,)}, {"depths": (1208,)}, {"seeds": 0}, {"steps": -1}],
    ids=str,
)
def test_a_setting_without_meaning_is_refused(settings):
    with pytest.raises(OptionError):
        GradientConfig(**settings)


def test_a_network_too_large_for_memory_is_refused_before_it_is_built(monkeypatch):
    monkeypatch.setattr("resnet_viz.experiments.measures.memory.free_memory", lambda: 1e9)
    with pytest.raises(NetworkError, match="GB"):
        check_memory(NetworkSpec.preset("resnet1202"), 16)


def test_watched_steps_are_dense_at_first():
    assert watched_steps(0) == ()
    assert watched_steps(23) == (1, 2, 3, 4, 5, 10, 20, 23)


def test_every_layer_of_every_network_is_a_row_of_the_table():
    found = measured(depths=(8,), seeds=2)
    table = gradient_frame(found)
    assert len(table) == sum(len(m.layers) for m in found)
    assert {"network", "seed", "step", "name", "weight_gradient_norm"} <= set(table.columns)
    assert set(table["kind"]) == {"residual", "plain"}
