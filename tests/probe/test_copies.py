"""Captured values are copied only where something overwrites them; names are kept while true."""

import pytest
import torch
from torch import nn

from resnet_viz.probe.capture import capture, default_layers
from resnet_viz.probe.walk import modules_of
from tests.probe.hand_made import images


class Overwrites(nn.Module):
    """Overwrites its convolution's output, if told to."""

    def __init__(self, overwrites):
        super().__init__()
        self.conv, self.fc, self.overwrites = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), overwrites

    def forward(self, x):
        value = self.conv(x)
        value = value.relu_() if self.overwrites else value.relu()
        return self.fc(value.mean((2, 3)))


@pytest.mark.parametrize("overwrites", [False, True])
def test_a_captured_value_is_right_in_every_pass_whether_it_is_overwritten_or_not(overwrites):
    network, x = Overwrites(overwrites).eval(), images(2)
    expected = network.conv(x)
    for _ in range(3):
        assert torch.equal(capture(network, x, ["conv"]).values["conv"], expected)


def test_a_layer_that_is_overwritten_only_later_is_noticed():
    network, x = Overwrites(overwrites=False).eval(), images(2)
    expected, output = network.conv(x), network(x)
    for overwrites in (False, False, True, True, False):
        network.overwrites = overwrites
        found = capture(network, x, ["conv"])
        assert torch.equal(found.values["conv"], expected)
        assert torch.equal(found.output, output)


def test_a_value_that_nothing_overwrites_is_not_copied_in_the_second_pass():
    network, x, seen = Overwrites(overwrites=False).eval(), images(1), []
    network.conv.register_forward_hook(lambda module, inputs, output: seen.append(output))
    values = [capture(network, x, ["conv"]).values["conv"] for _ in range(2)]
    assert values[1] is seen[1]
    assert values[1].grad_fn.name() == "ConvolutionBackward0"


def test_default_layers_follow_a_network_that_changes():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2))
    assert default_layers(network) == ["0", "2"]
    network[0] = nn.Identity()
    assert default_layers(network) == ["2"]
    network.append(nn.Linear(2, 2))
    assert default_layers(network) == ["2", "3"]
    assert modules_of(network) == list(network.modules())
