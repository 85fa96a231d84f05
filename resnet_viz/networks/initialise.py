"""Initial weights, drawn per layer name from a seed, so that twins share what both have."""

import hashlib
import math

import torch
from torch import nn


def initialise(network: nn.Module, seed: int) -> None:
    """Fill every parameter and buffer of a network from ``seed``, without the global RNG.

    Convolutions: normal, variance 2 / fan-out (He et al. 2015b, arXiv 1502.01852, eq. 14).
    Head: uniform within 1 / sqrt(fan-in), PyTorch's default. Normalisation: scale 1, shift 0.
    Each layer has a random stream of its own, made from the seed and the layer's name.
    """
    with torch.no_grad():
        for name, module in network.named_modules():
            match module:
                case nn.Conv2d():
                    fan_out = module.out_channels * math.prod(module.kernel_size)
                    deviation = math.sqrt(2 * module.groups / fan_out)
                    module.weight.normal_(0, deviation, generator=_stream(seed, name))
                case nn.Linear():
                    bound = 1 / math.sqrt(module.in_features)
                    stream = _stream(seed, name)
                    module.weight.uniform_(-bound, bound, generator=stream)
                    module.bias.uniform_(-bound, bound, generator=stream)
                case nn.BatchNorm2d():
                    module.reset_parameters()


def _stream(seed: int, name: str) -> torch.Generator:
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
