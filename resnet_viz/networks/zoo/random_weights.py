"""Initial weights of the zoo's networks, drawn per layer name from a seed."""

import math

import torch
from torch import nn

from resnet_viz.networks.resnet.initialise import layer_stream

_LAYER_SCALE = 1e-6  # first value of ConvNeXt's (Liu 2022, sec. 2.6 and table 5)


def draw(network: nn.Module, seed: int) -> None:
    """Fill every parameter and buffer of a network from ``seed``, without the global RNG.

    Convolutions: He normal by fan-out (He et al. 2015b, arXiv 1502.01852, eq. 14), bias 0. Linear
    layers: uniform within 1 / sqrt(fan-in). Normalisation: scale 1, shift 0. ConvNeXt's layer
    scales: 1e-6.
    """
    with torch.no_grad():
        for name, module in network.named_modules():
            match module:
                case nn.Conv2d() | nn.Conv3d() | nn.ConvTranspose2d():
                    _draw_convolution(module, layer_stream(seed, name))
                case nn.Linear():
                    bound = 1 / math.sqrt(module.in_features)
                    for value in module.parameters(recurse=False):
                        value.uniform_(-bound, bound, generator=layer_stream(seed, name))
                case nn.BatchNorm2d() | nn.BatchNorm3d() | nn.LayerNorm() | nn.GroupNorm():
                    module.reset_parameters()
                case _ if hasattr(module, "layer_scale"):
                    nn.init.constant_(module.layer_scale, _LAYER_SCALE)


def _draw_convolution(
    convolution: nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d, generator: torch.Generator
) -> None:
    area = math.prod(convolution.kernel_size)
    fan_out = convolution.out_channels // convolution.groups * area
    convolution.weight.normal_(0, math.sqrt(2 / fan_out), generator=generator)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
