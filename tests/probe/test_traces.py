"""An analysis leaves no side effects, even after a failure."""

import gc
import random
import resource

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from resnet_viz import analyze
from resnet_viz.core.errors import LayerError, TargetError
from tests.probe.hand_made import Drops, Fails, Reused, Several, images, seeded, small

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def trace(network):
    """Everything that an analysis could have changed, as comparable values."""
    return {
        "state": {n: v.detach().clone() for n, v in network.state_dict().items()},
        "objects": [id(v) for v in (*network.parameters(), *network.buffers())],
        "versions": [v._version for v in network.parameters()],
        "training": [m.training for m in network.modules()],
        "requires_grad": [p.requires_grad for p in network.parameters()],
        "grad": [p.grad for p in network.parameters()],
        "hooks": [len(getattr(m, kind)) for m in network.modules() for kind in HOOKS],
        "attributes": [sorted(vars(m)) for m in network.modules()],
        "random": (torch.get_rng_state(), str(np.random.get_state())),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def assert_same(before, after):
    assert before.keys() == after.keys()
    for what in before:
        if what == "state":
            for name, value in before[what].items():
                assert torch.equal(value, after[what][name]), name
        elif what == "random":
            assert torch.equal(before[what][0], after[what][0])
            assert before[what][1] == after[what][1]
        else:
            assert before[what] == after[what], what


def first(output):
    return output[0][:, 0]


def frozen(network):
    return network.requires_grad_(False)


NETWORKS = {
    "ours": small,
    "ours frozen": lambda: frozen(small()),
    "torchvision": lambda: seeded(torchvision.models.resnet18).eval(),
    "torchvision frozen": lambda: frozen(seeded(torchvision.models.resnet18).eval()),
    "dropout": lambda: seeded(Drops).eval(),
    "reused": lambda: seeded(Reused).eval(),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_an_analysis_leaves_no_trace(make, training):
    network = make().train(training)
    before = trace(network)
    for options in ({}, {"parameters": True}, {"score": "loss", "target": 1}):
        result = analyze(network, images(2, 32), **options)
        assert result.layers
    assert_same(before, trace(network))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("parameters", [False, True])
@pytest.mark.parametrize("freeze", [False, True])
def test_a_forward_pass_that_fails_leaves_no_trace(training, parameters, freeze):
    network = seeded(Fails).train(training).requires_grad_(not freeze)
    before = trace(network)
    with pytest.raises(ZeroDivisionError):
        analyze(network, images(), parameters=parameters)
    assert_same(before, trace(network))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("make", "options", "error"),
    [
        (small, {"target": 99}, TargetError),
        (lambda: seeded(Drops), {"target": 99}, TargetError),
        (lambda: seeded(Drops), {"layers": ["conv", "nothing"]}, LayerError),
        (lambda: seeded(Several), {"target": first, "layers": ["split"]}, LayerError),
        (lambda: seeded(Several), {"target": first, "layers": ["unused"]}, LayerError),
        (lambda: seeded(Drops), {"target": lambda o: 1 / 0}, ZeroDivisionError),
        (lambda: seeded(Drops), {"target": lambda o: o.detach()[:, 0]}, TargetError),
    ],
)  # fmt: skip
def test_an_error_leaves_no_trace(make, options, error, training):
    network = frozen(make().train(training))
    before = trace(network)
    with pytest.raises(error):
        analyze(network, images(), parameters=True, **options)
    assert_same(before, trace(network))


def test_an_error_in_our_own_network_leaves_no_trace():
    network = frozen(small().train())
    network.layer2[1].conv2.register_forward_hook(lambda m, a, out: 1 / 0)
    before = trace(network)
    with pytest.raises(ZeroDivisionError):
        analyze(network, images(), parameters=True)
    assert_same(before, trace(network))


def test_gradients_that_were_there_stay():
    network = small()
    network(images()).sum().backward()
    kept = {n: (p.grad, p.grad.clone()) for n, p in network.named_parameters()}
    analyze(network, images(), parameters=True)
    for name, parameter in network.named_parameters():
        assert parameter.grad is kept[name][0]
        assert torch.equal(parameter.grad, kept[name][1])


def test_the_images_stay_as_they_are():
    batch = images().requires_grad_()
    before = batch.detach().clone()
    analyze(small(), batch, parameters=True)
    assert batch.grad is None
    assert batch.requires_grad
    assert torch.equal(batch, before)


def test_hooks_that_were_there_stay_and_run():
    network, calls = seeded(torchvision.models.resnet18).eval(), []
    network.layer1[0].register_forward_hook(lambda m, a, out: calls.append(1))
    analyze(network, images(1, 32), layers=["layer1.0", "fc"])
    assert calls == [1]
    assert len(network.layer1[0]._forward_hooks) == 1


def test_a_partly_frozen_network_thaws_only_for_a_moment():
    network = small()
    network.layer1.requires_grad_(False)
    before = trace(network)
    result = analyze(network, images(), parameters=True)
    assert set(result.parameter_gradient_norms) == {n for n, _ in network.named_parameters()}
    assert_same(before, trace(network))


def test_a_frozen_network_gives_the_same_numbers():
    free, batch = small(), images()
    expected = analyze(free, batch, parameters=True)
    got = analyze(frozen(small()), batch, parameters=True)
    assert got.parameter_gradient_norms == expected.parameter_gradient_norms
    np.testing.assert_array_equal(got.cams["layer2.0"], expected.cams["layer2.0"])


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("make", [NETWORKS["ours frozen"], NETWORKS["torchvision"]])
def test_a_caller_without_gradients_gets_the_same_numbers(mode, make):
    network = make()
    batch = images(2, 32)
    expected = analyze(network, batch, parameters=True)
    with mode():
        before = trace(network)
        inside = images(2, 32)
        got = analyze(network, inside, parameters=True)
        assert_same(before, trace(network))
    assert got.parameter_gradient_norms == expected.parameter_gradient_norms
    np.testing.assert_array_equal(got.cams["layer2.0"], expected.cams["layer2.0"])


def test_a_network_made_under_inference_mode_can_be_analysed():
    from resnet_viz import build
    from tests.probe.hand_made import SMALL

    with torch.inference_mode():
        network = build(SMALL, seed=0).eval()
    assert analyze(network, images()).layers


def test_a_buffer_that_a_network_replaces_comes_back():
    class Counts(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4, 3)
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x):
            self.seen = self.seen + 1
            return self.fc(self.conv(x).mean((2, 3)))

    network = seeded(Counts).train()
    before = trace(network)
    analyze(network, images())
    assert_same(before, trace(network))


def test_dropout_that_is_always_on_leaves_the_random_state():
    """Monte Carlo dropout draws numbers in evaluation mode too."""

    class AlwaysDrops(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(nn.functional.dropout(self.conv(x).mean((2, 3)), 0.5, training=True))

    network = seeded(AlwaysDrops).eval()
    before = trace(network)
    analyze(network, images())
    assert_same(before, trace(network))


def test_pythons_random_numbers_are_not_drawn():
    from tests.networks.unchecked import unchecked

    with unchecked():  # the type checks draw some
        state = random.getstate()
        analyze(small().train(), images(), parameters=True)
        assert random.getstate() == state


@pytest.mark.parametrize("make", [small, NETWORKS["reused"]])
def test_two_hundred_analyses_leave_no_memory_behind(make):
    network, batch = make(), images(2, 16)

    def tensors():
        gc.collect()
        return sum(1 for o in gc.get_objects() if type(o) is torch.Tensor)

    for _ in range(5):
        analyze(network, batch, parameters=True)
    count, peak = tensors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):
        analyze(network, batch, parameters=True)
    assert tensors() <= count
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 50_000  # kB


def test_a_result_does_not_keep_the_graph():
    def graphs():
        gc.collect()
        tensors = [o for o in gc.get_objects() if type(o) is torch.Tensor]
        return {id(tensor) for tensor in tensors if tensor.grad_fn is not None}

    before = graphs()  # of other tests in this process
    result = analyze(small(), images(), parameters=True)
    alive = graphs() - before
    assert not alive
    assert result.layers
