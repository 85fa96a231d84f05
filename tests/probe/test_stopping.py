"""Stopping an explanation on the way, and how much runs at once."""

import time

import pytest
import torch
from torch import nn

from resnet_viz import NetworkSpec, build
from resnet_viz.probe import scoring
from resnet_viz.probe.explain import explain
from resnet_viz.probe.faithfulness import faithfulness
from resnet_viz.probe.scoring import Cancelled, stopping, subject
from tests.probe.hand_made import images, small

BATCHED = ["score-cam", "ablation-cam", "occlusion", "feature-ablation", "kernel-shap", "lime",
           "integrated-gradients", "gradient-shap"]  # fmt: skip


class Clock:
    """Says stop once ``seconds`` have passed, and remembers when."""

    def __init__(self, seconds):
        self.at = time.perf_counter() + seconds

    def __call__(self):
        return time.perf_counter() >= self.at


@pytest.mark.parametrize("method", BATCHED)
def test_a_method_in_batches_stops_within_a_second(method):
    network = build(NetworkSpec.preset("resnet18"), seed=0).eval()  # seconds of work
    clock = Clock(0.3)
    with pytest.raises(Cancelled), stopping(clock):
        explain(network, images(1, 224), method, target=1)
    assert time.perf_counter() - clock.at < 1
    assert not any(m._forward_hooks for m in network.modules())


def test_measures_stop_too_and_the_next_explanation_runs():
    network, batch = small(), images(1)
    made = explain(network, batch, "saliency")
    asked = iter([False, False, True, True])
    with pytest.raises(Cancelled), stopping(lambda: next(asked)):
        list(faithfulness(network, batch, made))
    assert list(faithfulness(network, batch, made, measures=["deletion"]))


def test_batches_fit_the_memory_that_is_free(monkeypatch):
    network = small()
    monkeypatch.setattr(scoring, "free_memory", lambda device: 10**12)
    most = subject(network, images(1)).chunk
    assert most == 256
    monkeypatch.setattr(scoring, "free_memory", lambda device: 4 * 10**6)
    assert 1 <= subject(network, images(1)).chunk < 32
    monkeypatch.setattr(scoring, "free_memory", lambda device: 0)
    assert subject(network, images(1)).chunk == 1


def test_maps_do_not_depend_on_the_batch_size(monkeypatch):
    network, batch = small(), images(1)
    options = {"smooth_samples": 8, "smooth_deviation": 0.2}
    before = explain(network, batch, "saliency", options=options).map
    shap = explain(network, batch, "gradient-shap").map
    monkeypatch.setattr(scoring, "free_memory", lambda device: 0)
    assert (explain(network, batch, "saliency", options=options).map == before).all()
    assert (explain(network, batch, "gradient-shap").map == shap).all()


def test_foreign_networks_have_a_batch_size_too():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 900, 3))
    assert 16 <= subject(network, torch.randn(1, 3, 32, 32)).chunk <= 256
