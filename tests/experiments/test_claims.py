"""Each experiment against an oracle: exact counts, identities and tabulated values."""

import itertools
import math

import numpy as np
import pytest
import torch

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.experiments import lesion, loss_landscape, mlp, paths
from resnet_viz.experiments.cka import CkaConfig
from resnet_viz.experiments.cka import run as run_cka
from resnet_viz.experiments.grad_cam_sanity import similarities
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.walked_twins import accuracy, trained_twins, walk
from resnet_viz.experiments.measures.walked_twins import stem as stem_of
from resnet_viz.experiments.shattered_gradients import (
    NETWORKS,
    Network,
    autocorrelation,
    derivative,
)
from resnet_viz.networks.resnet.model import build
from resnet_viz.spec import NetworkSpec

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


@pytest.fixture(scope="module")
def twins():
    return trained_twins(20)


@pytest.fixture(scope="module")
def data(twins):
    return labelled_batch(Images.PHOTOGRAPHS, 0, twins.first.preprocessing)


def test_binomial_shares_are_exact():
    assert 100 * paths.share_of_paths(54, 5, 17) == pytest.approx(0.454, abs=5e-4)
    assert 100 * paths.share_of_paths(54, 19, 35) == pytest.approx(98.0, abs=0.05)
    assert paths.share_of_paths(54, 0, 54) == 1


def test_paths_of_a_network_sum_to_its_gradient(data):
    """A network of three blocks: the gradients along its eight paths add up to the whole."""
    network = build(NetworkSpec(depths=(1, 1, 1), widths=(4, 8, 16)), seed=0).double().eval()
    one = LabelledBatch(data.images[:1].double(), data.labels[:1])
    total = torch.zeros_like(one.images)
    for through in itertools.product([False, True], repeat=3):
        total += along(network, one, through)
    images = one.images.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(network(images), one.labels)
    assert torch.allclose(total, torch.autograd.grad(loss, images)[0], atol=1e-12)


def along(network, batch, through):
    """The gradient along one path, with the parts cut by hand."""
    images = batch.images.clone().requires_grad_()
    shut = {
        f"{block}.{'shortcut' if branch else 'branch'}"
        for block, branch in zip(network.spec.blocks(), through, strict=True)
    }
    logits = network(images, lambda name, value: value.detach() if name in shut else value)
    loss = torch.nn.functional.cross_entropy(logits, batch.labels)
    (gradient,) = torch.autograd.grad(loss, images)
    norm = float(gradient.norm())
    mask = torch.tensor([through])
    assert paths.path_gradients(network, batch, mask)[0] == pytest.approx(norm)
    return gradient


def test_every_image_of_a_batch_has_its_own_path(twins, data):
    network, two = twins.first.network, LabelledBatch(data.images[:2], data.labels[:2])
    mask = torch.zeros(2, len(network.spec.blocks()), dtype=torch.bool)
    mask[1, 0] = True
    together = paths.path_gradients(network, two, mask)
    for place in range(2):
        alone = LabelledBatch(two.images[place : place + 1], two.labels[place : place + 1])
        own = paths.path_gradients(network, alone, mask[place : place + 1])
        assert together[place] == pytest.approx(own[0], rel=1e-4)


def test_half_of_an_even_gradient_is_reached_in_the_middle():
    assert paths._median_length(np.full(5, 0.2)) == pytest.approx(2)
    assert paths._mean_length(np.full(5, 0.2)) == pytest.approx(2)


MLP = {  # SCIENCE, section 2: width 512, batch 512, 60 layers
    "plain_bn": 1.195,
    "plain_bare": 1.00,
    "inside": math.sqrt(2),
    "outside": 1.63,
    "inside_bn": 1.035,
}


@pytest.mark.parametrize("seeds", [1, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", mlp.FORMS, ids=lambda form: form.name)
def test_growth_of_wide_layers_is_the_published_one_within_3_percent(form, seeds):
    for seed in range(seeds):
        norms = np.array(mlp.hidden_gradient_norms(form, mlp.MlpConfig(), seed))
        assert mlp.growth(norms) == pytest.approx(MLP[form.name], rel=0.03)


@pytest.mark.parametrize("seeds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_shattered_gradients_keep_the_bars(seeds):
    lag_one = {
        n.name: np.mean([autocorrelation(derivative(n, 200, s), 1)[1] for s in range(seeds)])
        for n in NETWORKS
        if n.name != "plain-10"
    }
    assert lag_one["plain-2"] > 0.9
    assert abs(lag_one["plain-24"]) < 0.1
    assert abs(lag_one["plain-50"]) < 0.1
    assert lag_one["residual-50 x 0.1"] > 0.7
    assert lag_one["plain-50"] < lag_one["residual-50"] < lag_one["residual-50 x 0.1"]


def test_derivative_is_the_slope_of_a_shallow_network():
    """Without hidden layers f is a straight line."""
    slope = derivative(Network("line", 0), 8, 0)
    assert np.ptp(slope) < 1e-12


def test_autocorrelation_of_a_wave_is_a_wave():
    wave = np.sin(np.linspace(0, 40 * np.pi, 4001)[:-1])
    found = autocorrelation(wave, 100)
    assert found[0] == pytest.approx(1)
    assert found[100] == pytest.approx(-1, abs=0.05)


def test_walk_in_order_is_the_network(twins, data):
    for loaded in twins:
        network = loaded.network
        with torch.no_grad():
            walked = walk(network, stem_of(network, data.images), list(network.blocks()))
            assert torch.equal(walked, network(data.images))


def test_deleting_a_residual_block_is_a_zero_branch(twins, data):
    network = twins.first.network
    gone = "layer2.1"

    def zero(name, value):
        return torch.zeros_like(value) if name == f"{gone}.branch" else value

    with torch.no_grad():
        logits = network(data.images, zero)
    right = float((logits.argmax(1) == data.labels).float().mean())
    assert accuracy(network, data, deleted={gone}) == pytest.approx(right)


def test_kendall_is_one_for_the_same_order_and_less_for_another(twins):
    blocks = list(twins.first.network.blocks())
    assert lesion.kendall(blocks, blocks) == 1
    assert lesion.kendall(blocks, blocks[::-1]) == -1


def test_centre_of_the_landscape_is_the_trained_loss(twins, data):
    import copy

    for loaded in twins:
        moved = copy.deepcopy(loaded.network)
        ways = [loss_landscape.random_direction(moved, seed) for seed in (0, 1)]
        loss_landscape.loss_at(loaded.network, moved, ways, (0.7, 0.1), data)
        centre = loss_landscape.loss_at(loaded.network, moved, ways, (0.0, 0.0), data)
        with torch.no_grad():
            expected = torch.nn.functional.cross_entropy(
                loaded.network(data.images), data.labels
            ).item()
        assert centre == expected


def test_directions_have_each_filters_norm_and_serve_both_twins(twins):
    residual, plain = (loss_landscape.random_direction(loaded.network, 4) for loaded in twins)
    weights = dict(twins.first.network.named_parameters())
    for name, way in residual.items():
        assert torch.allclose(way.flatten(1).norm(dim=1), weights[name].flatten(1).norm(dim=1))
        one, other = way.flatten(1)[0], plain[name].flatten(1)[0]
        assert torch.nn.functional.cosine_similarity(one, other, dim=0) == pytest.approx(
            1, abs=1e-5
        )


def test_cka_diagonal_is_one():
    *_, found = run_cka(CkaConfig(source=Images.PHOTOGRAPHS))
    for panel in found.panels[:2]:
        assert np.abs(np.diag(panel.matrix.values) - 1).max() < 1e-6
        assert panel.matrix.values.max() < 1.2


def test_similarity_of_equal_maps_is_one_and_of_opposite_ones_minus_one():
    maps = np.random.default_rng(0).random((3, 8, 8)).astype(np.float32)
    assert similarities(maps, maps) == pytest.approx(1)
    assert similarities(maps, 1 - maps) == pytest.approx(-1)
    assert similarities(maps, np.zeros_like(maps)) == pytest.approx(0)
