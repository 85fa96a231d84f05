"""Why a map is blank: every reason, each on a network built to cause it."""

import pytest
import torch
from torch import nn

from resnet_viz.explain.explain_image import explain
from resnet_viz.records.map_facts import Blank
from tests.probe.hand_made import images, seeded, small


def filled(value):
    network = small()
    with torch.no_grad():
        network.fc.weight.fill_(value)
    return network


class Squashed(nn.Module):
    """A convolution, and a softmax of logits as far apart as ``gain`` says."""

    def __init__(self, gain):
        super().__init__()
        self.conv, self.fc, self.gain = (
            nn.Conv2d(3, 4, 3, bias=False),
            nn.Linear(4, 3, bias=False),
            gain,
        )

    def forward(self, x):
        return (self.gain * self.fc(self.conv(x).mean((2, 3)))).softmax(1)


class Overflows(nn.Module):
    """Finite up to the layer "conv"; behind it a slope or a value that is not."""

    def __init__(self, tail):
        super().__init__()
        self.conv, self.fc, self.tail = nn.Conv2d(3, 4, 3), nn.Linear(4, 3), tail

    def forward(self, x):
        return self.fc(self.tail(self.conv(x)).mean((2, 3)))


def test_a_score_that_does_not_depend_on_the_layer():
    assert explain(filled(0), images(1)).blank is Blank.NO_GRADIENT


def test_everything_counts_against_the_target():
    assert explain(filled(-1), images(1), target=0).blank is Blank.NEGATIVE


@pytest.mark.parametrize("method", ["grad-cam", "saliency"])
def test_a_saturated_answer_is_told_from_one_that_depends_on_nothing(method):
    assert explain(seeded(lambda: Squashed(1e4)), images(1), method).blank is Blank.SATURATED
    assert explain(seeded(lambda: Squashed(0)), images(1), method).blank is Blank.NO_GRADIENT
    assert explain(seeded(lambda: Squashed(1)), images(1), "saliency").blank is None


def test_what_is_not_finite_is_found():
    assert explain(filled(float("nan")), images(1)).blank is Blank.WEIGHTS_NOT_FINITE
    large = seeded(lambda: Overflows(lambda x: (x * 1e38) * 1e38))
    assert explain(large, images(1), layer="conv", target=0).blank is Blank.LAYER_NOT_FINITE
    steep = seeded(lambda: Overflows(lambda x: torch.sqrt(x * 0)))  # its slope at zero is infinite
    assert explain(steep, images(1), layer="conv", target=0).blank is Blank.GRADIENT_NOT_FINITE


def test_only_the_method_overflows():
    network = seeded(lambda: Overflows(lambda x: x))
    with torch.no_grad():
        network.conv.weight *= 1e25
        network.fc.weight *= 1e10
    found = explain(network, images(1), "hires-cam", layer="conv", target=0)
    assert found.blank in (Blank.NOT_FINITE, None)
    network = seeded(lambda: Overflows(lambda x: x * 1e-30))
    with torch.no_grad():
        network.conv.weight *= 1e30
    assert explain(network, images(1), "activation-norm", layer="conv").blank is Blank.NOT_FINITE
