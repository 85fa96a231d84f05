"""Defective checkpoints made from healthy networks, with the expected findings."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.pictures.samples import sample_batch


@dataclass(frozen=True)
class Sickness:
    """``checks`` are those of which one must warn or fail; ``layer`` is the one to be named."""

    make: Callable[[ResNet], None]
    checks: tuple[str, ...]
    layer: str | None = None


def _redrawn(network):
    conv = network.get_submodule("layer2.1.conv1")
    fan_out = conv.out_channels * 9
    conv.weight.normal_(0, math.sqrt(2 / fan_out), generator=torch.Generator().manual_seed(3))


def _tripled(network):
    network.get_submodule("layer2.1.conv2").weight.mul_(3)


def _reset(network):
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()


def _reset_one(network):
    network.get_submodule("layer3.0.bn1").reset_running_stats()


def _wrong_momentum(network):
    """Statistics that have moved a tenth of the way from where a new network's are."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.mul_(0.1)
            module.running_var.mul_(0.1).add_(0.9)


def _not_finite(network):
    network.get_submodule("layer1.1.conv2").weight.fill_(math.nan)


def _half_zero(network):
    weight = network.get_submodule("layer3.1.conv1").weight
    weight[: len(weight) // 2] = 0


def _permuted(network):
    order = torch.tensor([3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
    network.fc.weight.copy_(network.fc.weight[order])
    network.fc.bias.copy_(network.fc.bias[order])


def _bad_batch(network):
    """One step in training mode on pixels that nobody had normalised."""
    pixels = (sample_batch(CIFAR_PREPROCESSING) * 0.25 + 0.48) * 255
    network.train()
    network(pixels)
    network.eval()


def _new_head(network):
    nn.Linear(64, 10)
    generator = torch.Generator().manual_seed(1)
    network.fc.weight.uniform_(-1 / 8, 1 / 8, generator=generator)
    network.fc.bias.uniform_(-1 / 8, 1 / 8, generator=generator)


def _biased_head(network):
    network.fc.bias[3] += 5


def _overflow(network):
    norm = network.get_submodule("layer3.2.bn2")
    norm.weight.mul_(5e4)


SICK = {
    "a convolution drawn anew": Sickness(_redrawn, ("fresh_layer",), "layer2.1.conv1"),
    "a convolution times three": Sickness(_tripled, ("bn_consistency",), "layer2.1.bn2"),
    "all batch norms reset": Sickness(_reset, ("bn_never_trained",)),
    "one batch norm reset": Sickness(_reset_one, ("bn_never_trained",), "layer3.0.bn1"),
    "a wrong momentum": Sickness(_wrong_momentum, ("bn_consistency_mean",)),
    "a layer of NaN": Sickness(_not_finite, ("not_finite",), "layer1.1.conv2"),
    "half the filters zero": Sickness(_half_zero, ("dead_filters",), "layer3.1.conv1"),
    "classes permuted": Sickness(_permuted, ("class_order",)),
    "one bad batch in training mode": Sickness(
        _bad_batch, ("bn_consistency_mean", "preprocessing")
    ),
    "an untrained head": Sickness(_new_head, ("fresh_layer",), "fc"),
    "a biased head": Sickness(_biased_head, ("head_bias",), "fc"),
    "overflow in half precision": Sickness(_overflow, ("activation_range",), "layer3.2.bn2"),
}
