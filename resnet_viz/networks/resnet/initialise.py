"""Initial weights, drawn per layer name from a seed, so that twins share common layers."""

import hashlib
import math

import torch
from torch import Tensor, nn

from resnet_viz.networks.resnet.modules import Scale, Shift
from resnet_viz.spec import Initialisation, NetworkSpec


def initialise(network: nn.Module, spec: NetworkSpec, seed: int) -> None:
    """Fill every parameter and buffer of a spec's network from ``seed``, without the global RNG.

    Convolutions: by the spec's ``Initialisation`` (He et al. 2015b, arXiv 1502.01852, eq. 10 and
    14; Glorot and Bengio 2010, eq. 12). Head: uniform within 1 / sqrt(fan-in), PyTorch's default.
    Normalisation: scale 1, shift 0. Each layer has a separate random stream, derived from the
    seed and the layer's name.
    """
    with torch.no_grad():
        for name, module in network.named_modules():
            match module:
                case nn.Conv1d() | nn.Conv2d():
                    _draw(module, spec.initialisation, layer_stream(seed, name))
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)
                case nn.Linear():
                    bound = 1 / math.sqrt(module.in_features)
                    stream = layer_stream(seed, name)
                    module.weight.uniform_(-bound, bound, generator=stream)
                    module.bias.uniform_(-bound, bound, generator=stream)
                case nn.BatchNorm2d() | nn.GroupNorm() | Scale() | Shift():
                    module.reset_parameters()
        if spec.zero_last_gamma:
            _zero_last_gamma(network, spec)
        if spec.fixup:
            _fixup(network, spec)


def _draw(
    convolution: nn.Conv1d | nn.Conv2d, rule: Initialisation, stream: torch.Generator
) -> None:
    """Weights of one convolution. A fan is a number of connections: groups make it smaller."""
    area = math.prod(convolution.kernel_size)
    fan_in = convolution.in_channels // convolution.groups * area
    fan_out = convolution.out_channels // convolution.groups * area
    weight: Tensor = convolution.weight
    match rule:
        case Initialisation.HE_FAN_OUT:
            weight.normal_(0, math.sqrt(2 / fan_out), generator=stream)
        case Initialisation.HE_FAN_IN:
            weight.normal_(0, math.sqrt(2 / fan_in), generator=stream)
        case Initialisation.XAVIER:
            weight.normal_(0, math.sqrt(2 / (fan_in + fan_out)), generator=stream)
        case Initialisation.DEFAULT:
            bound = 1 / math.sqrt(fan_in)
            weight.uniform_(-bound, bound, generator=stream)


def _zero_last_gamma(network: nn.Module, spec: NetworkSpec) -> None:
    """The scale of each branch's last normalisation is zero (Goyal 2017, sec. 5.1)."""
    last = f"bn{spec.block.convolutions}"
    for name in spec.blocks():
        nn.init.zeros_(network.get_parameter(f"{name}.{last}.weight"))


def _fixup(network: nn.Module, spec: NetworkSpec) -> None:
    """Zhang 2019 (arXiv 1901.09321), sec. 3.1: L blocks with m convolutions on each branch.

    The last convolution of each branch and the head are zero, the others times
    L^(-1 / (2 m - 2)).
    """
    blocks, convolutions = sum(spec.depths), spec.block.convolutions
    factor = blocks ** (-1 / (2 * convolutions - 2))
    for name in spec.blocks():
        for number in range(1, convolutions):
            network.get_parameter(f"{name}.conv{number}.weight").mul_(factor)
        nn.init.zeros_(network.get_parameter(f"{name}.conv{convolutions}.weight"))
    nn.init.zeros_(network.get_parameter("fc.weight"))
    nn.init.zeros_(network.get_parameter("fc.bias"))


def layer_stream(seed: int, name: str) -> torch.Generator:
    """The random stream of one layer, derived from the seed and the layer's name."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
