"""The table of a network's layers: shapes, parameters and multiply-accumulates."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from resnet_viz.networks.resnet import ResNet
from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True)
class Layer:
    """One module of a network for one image. ``macs`` are multiply-accumulates."""

    name: str
    kind: str
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int
    macs: int


def layer_table(spec: NetworkSpec) -> list[Layer]:
    """Every convolution, projection and linear layer in order of execution; nothing is allocated.

    MACs of a convolution: output positions x kernel area x input channels / groups; of a linear
    layer: inputs x outputs. The cost of additions, activations and normalisation is left out.
    """
    with torch.device("meta"):
        network = ResNet(spec).eval()
        image = torch.empty(1, spec.input_channels, spec.input_size, spec.input_size)
    rows: list[Layer] = []
    modules = dict(network.named_modules())

    def note(name: str, value: Tensor) -> Tensor:
        if isinstance(module := modules.get(name), (nn.Conv2d, nn.Linear)):
            rows.append(_row(name, module, tuple(value.shape[1:])))
        return value

    with torch.no_grad():
        network(image, note)
    return rows


def _row(name: str, module: nn.Conv2d | nn.Linear, shape: tuple[int, ...]) -> Layer:
    positions = prod(shape[1:]) if isinstance(module, nn.Conv2d) else 1
    parameters = sum(p.numel() for p in module.parameters())
    return Layer(name, type(module).__name__, shape, parameters, positions * module.weight.numel())
