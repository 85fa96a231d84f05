"""Stopping an explanation while it runs, and batch sizes."""

import pytest
import torch
from torch import nn

from resnet_viz import ResNet
from resnet_viz.explain import scored_image
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.faithfulness import faithfulness
from resnet_viz.explain.score_image import score_image
from resnet_viz.explain.stopping import Cancelled, stopping
from tests.probe.hand_made import images, small

BATCHED = ["score-cam", "ablation-cam", "occlusion", "feature-ablation", "kernel-shap", "lime",
           "integrated-gradients", "gradient-shap"]  # fmt: skip


class Stop:
    """Says stop when asked for the second time; counts the passes that still begin after that."""

    def __init__(self):
        self.asked = 0
        self.late = 0

    def __call__(self):
        self.asked += 1
        return self.asked > 1


@pytest.mark.parametrize("method", BATCHED)
def test_a_method_stops_before_its_next_batch(method, monkeypatch):
    stop, forward = Stop(), ResNet.forward

    def counted(network, *arguments):
        stop.late += stop.asked > 1
        return forward(network, *arguments)

    monkeypatch.setattr(ResNet, "forward", counted)
    monkeypatch.setattr(scored_image, "free_memory", lambda device: 0)  # one image at a time
    network = small()
    with pytest.raises(Cancelled), stopping(stop):
        explain(network, images(1), method, target=1)
    assert stop.asked == 2
    assert stop.late == 0
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
    monkeypatch.setattr(scored_image, "free_memory", lambda device: 10**12)
    most = score_image(network, images(1)).batch_size
    assert most == 256
    monkeypatch.setattr(scored_image, "free_memory", lambda device: 4 * 10**6)
    assert 1 <= score_image(network, images(1)).batch_size < 32
    monkeypatch.setattr(scored_image, "free_memory", lambda device: 0)
    assert score_image(network, images(1)).batch_size == 1


def test_maps_do_not_depend_on_the_batch_size(monkeypatch):
    network, batch = small(), images(1)
    options = {"smooth_samples": 8, "smooth_deviation": 0.2}
    before = explain(network, batch, "saliency", options=options).map
    shap = explain(network, batch, "gradient-shap").map
    monkeypatch.setattr(scored_image, "free_memory", lambda device: 0)
    assert (explain(network, batch, "saliency", options=options).map == before).all()
    assert (explain(network, batch, "gradient-shap").map == shap).all()


def test_foreign_networks_have_a_batch_size_too():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 900, 3))
    assert 16 <= score_image(network, torch.randn(1, 3, 32, 32)).batch_size <= 256
