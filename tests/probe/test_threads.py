"""Threads may share one network: no wrong values and no errors."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torchvision

from resnet_viz import NetworkSpec, analyze, build
from tests.probe.hand_made import Drops, images, seeded, settled

KINDS = [
    {"target": 1},
    {"target": None, "layers": ["layer1.0", "layer3.0"]},
    {"target": 2, "layers": ["layer2.0.conv1", "fc"], "parameters": True},
    {"target": 3, "score": "loss", "parameters": True},
    {"target": lambda output: output[:, 0] - output[:, 1], "layers": ["layer2.1"]},
]


def numbers(result):
    arrays = [*result.features.values(), *result.cams.values()]
    arrays += [*result.activation_gradient_norms.values()]
    arrays.append(np.array(list(result.parameter_gradient_norms.values())))
    return arrays


def near(got, expected):
    step = 1e-6 * max(1, np.abs(expected).max(initial=0))
    return got.shape == expected.shape and np.allclose(got, expected, rtol=1e-4, atol=step)


def same(got, expected):
    pairs = zip(numbers(got), numbers(expected), strict=True)
    return got.layers == expected.layers and all(near(a, b) for a, b in pairs)


def ours():
    network = build(NetworkSpec.preset("resnet20"), seed=0)
    return settled(network, images(4, 32, seed=5))


def theirs():
    return settled(seeded(torchvision.models.resnet18), images(4, 32, seed=5))


@pytest.mark.parametrize(
    ("make", "freeze", "turns"),
    [(ours, False, 60), (ours, True, 15), (theirs, False, 15), (theirs, True, 15)],
    ids=["ours-free", "ours-frozen", "theirs-free", "theirs-frozen"],
)
def test_four_threads_share_one_network(make, freeze, turns):
    network = make().requires_grad_(not freeze)
    batches = [images(1, 32, seed=seed) for seed in range(3)]
    jobs = [(batch, options) for batch in batches for options in KINDS]
    expected = [analyze(network, batch, **options) for batch, options in jobs]

    def work(thread):
        wrong = 0
        for turn in range(turns):
            number = (thread * 7 + turn * 11) % len(jobs)
            batch, options = jobs[number]
            wrong += not same(analyze(network, batch, **options), expected[number])
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 0
    assert {p.requires_grad for p in network.parameters()} == {not freeze}
    assert not any(m._forward_hooks for m in network.modules())


def test_the_comparison_of_this_file_sees_a_wrong_number():
    network = ours()
    one, two = (analyze(network, images(1, 32, seed=seed), target=1) for seed in (1, 2))
    assert same(one, one)
    assert not same(one, two)


def test_threads_share_a_network_in_training_mode():
    """Dropout and batch statistics: every analysis starts from the same random state."""
    import torch

    network = seeded(Drops).train()
    torch.manual_seed(4)
    state = torch.get_rng_state()
    before = {n: v.clone() for n, v in network.state_dict().items()}
    expected = analyze(network, images(), target=1)

    def work(thread):
        return sum(not same(analyze(network, images(), target=1), expected) for _ in range(15))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 0
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())
