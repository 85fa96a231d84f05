"""The cost of an analysis in forward passes, by counted operations."""

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from resnet_viz import NetworkSpec, analyze, build, grad_cam
from tests.probe.hand_made import images, seeded


def ours(name):
    return build(NetworkSpec.preset(name), seed=0).eval()


def theirs(name):
    return seeded(lambda: torchvision.models.get_model(name)).eval()


def flops(run):
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


CASES = [(ours, "resnet56", 32), (ours, "plain20", 32), (ours, "resnet18", 64),
         (theirs, "resnet18", 64), (theirs, "resnet50", 64)]  # fmt: skip


@pytest.mark.parametrize(("make", "name", "size"), CASES)
def test_an_analysis_costs_what_it_must(make, name, size):
    network, batch = make(name), images(1, size)
    blocks = NetworkSpec.preset(name).blocks()
    with torch.no_grad():
        forward = flops(lambda: network(batch))

    def cost(**options):
        return flops(lambda: analyze(network, batch, **options)) / forward

    assert cost(layers=blocks) <= 2.0
    assert cost() <= 2.0
    assert cost(parameters=True) <= 3.05
    assert cost(layers=blocks[-1:]) <= 1.05
    assert cost(layers=blocks, score="loss") <= 3.0
    assert cost(layers=[]) == 1.0
    assert flops(lambda: grad_cam(network, batch, blocks[-1])) / forward <= 1.05


def test_the_counter_sees_a_second_pass():
    """The oracle itself: a backward pass to the first block is counted."""
    network, batch = ours("resnet20"), images(1, 32)
    forward = flops(lambda: network(batch))
    assert flops(lambda: analyze(network, batch, layers=["layer1.0"])) > 1.8 * forward
