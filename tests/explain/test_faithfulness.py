"""The measures on a network whose decision region is known, and against other libraries."""

import numpy as np
import pytest
import torch
from torch import nn

from resnet_viz import build
from resnet_viz.core.errors import OptionError
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.faithfulness import faithfulness
from resnet_viz.explain.measures import MEASURES, Effort, rank_correlation
from resnet_viz.explain.pixel_imputation import impute
from resnet_viz.explain.score_image import score_image
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import Better
from tests.probe.hand_made import SMALL, images, small

SIDE = 16
REGION = (slice(4, 8), slice(9, 13))  # what the network below looks at


class Region(nn.Module):
    """Class 1 is as likely as the region is bright; nothing else matters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.conv.weight, 1 / 3)
        mask = torch.zeros(SIDE, SIDE)
        mask[REGION] = 1 / 16
        self.register_buffer("mask", mask)

    def forward(self, x):
        bright = (self.conv(x)[:, 0] * self.mask).sum((1, 2))
        return torch.stack([torch.zeros_like(bright), 8 * bright - 4], 1)


def picture():
    noise = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    noise[:, :, REGION[0], REGION[1]] = 1
    return noise


def claimed(values, attributions=None):
    """An explanation with a map made by hand."""
    values = np.asarray(values, np.float32)
    return Explanation(
        network="Region", method="saliency", options={}, layer=None, target=1, against=None,
        signed=False, map=values, attributions=attributions, logits=np.zeros(2, np.float32),
        input_size=(SIDE, SIDE), blank=None, completeness=None,
    )  # fmt: skip


def perfect():
    values = np.zeros((SIDE, SIDE))
    values[REGION] = 1
    return values


def scored(values, measures=("deletion", "insertion", "road", "average_drop", "infidelity")):
    found = faithfulness(Region(), picture(), claimed(values), measures=measures)
    return {score.name: score for score in found}


def test_a_perfect_map_beats_a_random_and_a_wrong_one_for_every_measure():
    right = scored(perfect())
    noise = np.random.default_rng(0).uniform(size=(SIDE, SIDE))
    for other in (scored(noise), scored(1 - perfect())):
        for name, score in right.items():
            if name == "average_increase":
                continue  # the probability is near 1 already: no map raises it
            sign = 1 if score.better is Better.HIGH else -1
            assert sign * score.value > sign * other[name].value, name


def test_the_curves_end_where_they_must():
    scores = scored(perfect(), ["deletion", "insertion"])
    with torch.no_grad():
        whole, empty = (float(Region()(k * picture()).softmax(1)[0, 1]) for k in (1, 0))
    deletion, insertion = scores["deletion"], scores["insertion"]
    assert deletion.values[[0, -1]] == pytest.approx([whole, empty], abs=1e-6)
    assert insertion.values[-1] == pytest.approx(whole, abs=1e-6)
    assert deletion.fractions[[0, -1]].tolist() == [0, 1]
    assert deletion.value == pytest.approx(np.trapezoid(deletion.values, deletion.fractions))


def test_curves_take_at_most_two_passes_a_step():
    count = 0

    class Counting(Region):
        def forward(self, x):
            nonlocal count
            count += len(x)
            return super().forward(x)

    effort = Effort(steps=20)
    given = claimed(perfect())
    list(
        faithfulness(
            Counting(), picture(), given, effort=effort, measures=["deletion", "insertion"]
        )
    )
    assert count <= 2 * 20 + 1  # and the one that checks the target


def test_filled_pixels_equal_those_of_pytorch_grad_cam():
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer, neighbors_weights

    image = images(1, 16)[0]
    removed = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) < torch.tensor(
        [0.1, 0.5, 0.9]
    ).view(3, 1, 1)
    found = impute(image, removed)
    for mask, filled in zip(removed, found, strict=True):
        system, right = NoisyLinearImputer.setup_sparse_system(
            1 - mask.float().numpy(), image.numpy(), neighbors_weights
        )
        other = np.linalg.solve(system.toarray(), right)  # (removed pixels, channels)
        assert np.abs(filled[:, mask].numpy().T - other).max() < 1e-3
        assert torch.equal(filled[:, ~mask], image[:, ~mask])


def test_everything_removed_is_the_mean():
    image = images(1, 8)[0]
    filled = impute(image, torch.ones(1, 8, 8, dtype=torch.bool))[0]
    expected = image.mean((1, 2))[:, None, None].expand(3, 8, 8)
    torch.testing.assert_close(filled, expected, atol=1e-5, rtol=0)


def test_infidelity_equals_captums():
    from captum.metrics import infidelity

    network, batch, effort = small(), images(1), Effort(perturbations=32)
    made = explain(network, batch, "input-x-gradient", target=1)
    (ours,) = faithfulness(network, batch, made, effort=effort, measures=["infidelity"])
    generator = torch.Generator().manual_seed(effort.seed)
    spread = effort.noise * float(batch.max() - batch.min())
    shifts = torch.randn(32, 3, 16, 16, generator=generator) * spread
    score = score_image(network, batch, 1).scored_network
    other = infidelity(
        score,
        lambda x: (shifts, x - shifts),
        batch,
        torch.tensor(made.attributions)[None],
        n_perturb_samples=32,
        normalize=True,
    )
    with torch.no_grad():
        size = (score(batch) - score(batch - shifts)).square().mean()
    assert ours.value == pytest.approx(float(other[0] / size), rel=1e-3)


def test_sensitivity_is_the_largest_change_of_the_map():
    network, batch, effort = small(), images(1), Effort(neighbours=3)
    made = explain(network, batch, "hires-cam", target=1)
    (ours,) = faithfulness(network, batch, made, effort=effort, measures=["max_sensitivity"])
    generator = torch.Generator().manual_seed(effort.seed)
    spread = effort.noise * float(batch.max() - batch.min())
    shifts = (2 * torch.rand(3, 3, 16, 16, generator=generator) - 1) * spread
    changes = [
        np.linalg.norm(explain(network, batch + s, "hires-cam", target=1).map - made.map)
        for s in shifts
    ]
    assert ours.value == pytest.approx(max(changes) / np.linalg.norm(made.map), rel=1e-4)
    assert 0 < ours.value < 2


def test_shuffled_weights_change_gradients_and_leave_the_network_alone():
    network, batch = small(), images(1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made = explain(network, batch, "input-x-gradient", target=1)
    (score,) = faithfulness(network, batch, made, measures=["randomisation"])
    assert score.value < 0.5
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_rank_correlation_shares_the_ranks_of_equal_values():
    assert rank_correlation(np.array([1, 2, 2, 3]), np.array([1, 5, 5, 9])) == pytest.approx(1)
    assert rank_correlation(np.arange(4.0), -np.arange(4.0)) == pytest.approx(-1)
    assert rank_correlation(np.ones(4), np.arange(4.0)) == 0


def test_a_map_that_is_not_finite_has_no_scores():
    assert not scored(np.full((SIDE, SIDE), np.nan))


def test_a_blank_map_has_scores():
    assert set(scored(np.zeros((SIDE, SIDE)))) >= {"deletion", "insertion", "road_combined"}


def test_an_unknown_measure_lists_those_there_are():
    network = build(SMALL, seed=0).eval()
    made = explain(network, images(1), "saliency")
    with pytest.raises(OptionError, match="deletion"):
        list(faithfulness(network, images(1), made, measures=["nice"]))
    assert len(MEASURES) == 7
