"""Which depths the recorded training errors are compared at."""

import pytest

from resnet_viz.experiments import degradation
from resnet_viz.spec.presets import PRESETS


def networks(epochs_by_depth):
    for depth, epochs in epochs_by_depth.items():
        for name in (f"resnet{depth}", f"plain{depth}"):
            curve = [{"epoch": e + 1, "train_error": 0.1, "test_error": 0.2} for e in range(epochs)]
            yield degradation._Network(PRESETS[name].spec, curve)


@pytest.mark.parametrize(
    ("epochs", "deepest"),
    [({20: 4, 32: 4, 56: 4}, 56), ({20: 4, 32: 4, 56: 3}, 32), ({20: 4, 56: 3}, 56)],
    ids=["all alike", "the deepest with fewer epochs", "none alike"],
)
def test_the_deepest_twins_of_equal_training_decide(monkeypatch, epochs, deepest):
    monkeypatch.setattr(degradation, "_networks", lambda: networks(epochs))
    finding = degradation.recorded(degradation.DegradationConfig())
    assert finding.numbers["deepest"] == deepest
    assert len(finding.panels[0].curves) == 2 * len(epochs)
    assert (finding.numbers["epochs_gap"] == 0) == (epochs[deepest] == epochs[20])
