"""IBN-Net (Pan 2018) on torchvision's ResNet, written as its authors do: named, not built."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from resnet_viz.checkpoints.identifying.candidates import candidates
from resnet_viz.checkpoints.identifying.variants import variant


class IBN(nn.Module):
    """Half of the channels normalised by instance, half by batch: IBN-a."""

    def __init__(self, planes):
        super().__init__()
        self.half = planes // 2
        self.IN = nn.InstanceNorm2d(self.half, affine=True)
        self.BN = nn.BatchNorm2d(planes - self.half)


def with_halves(network):
    for stage in (network.layer1, network.layer2, network.layer3):
        for block in stage:
            block.bn1 = IBN(block.bn1.num_features)
    return network


def with_instance_norms(network):
    """IBN-b: instance normalisation behind the sums of the first stages, and in the stem."""
    network.bn1 = nn.InstanceNorm2d(64, affine=True)
    for stage in (network.layer1, network.layer2):
        stage[-1].IN = nn.InstanceNorm2d(stage[-1].bn2.num_features, affine=True)
    return network


@pytest.mark.parametrize("changed", [with_halves, with_instance_norms])
def test_instance_and_batch_normalisation_together_are_named(changed):
    with torch.device("meta"):
        tensors = changed(resnet18()).state_dict()
    assert not any(each.whole for each in candidates(tensors))
    assert variant(tensors) == "ibn"
