"""``WeightedLayers``: the layers of a network or of a file that the checks of weights look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from resnet_viz.checkpoints.identifying.named_modules import ModuleKind, NamedModule, modules

_MATRIX = 2  # dimensions: a weight with more is a convolution's


@dataclass(frozen=True, eq=False)
class WeightedLayers:
    """Layers by name, in order; of a file nothing is ever run.

    Parameters
    ----------
    layers
        Convolutions and linear layers. Of a file, every weight with more than two dimensions is
        one of a convolution.
    norms
        Batch normalisations with their statistics.
    tensors
        Every tensor by name.
    head
        The last linear layer; None without one.
    input_variance
        Variance of the network's input, which the first running variance grows with: about 1 for
        normalised pictures, 4,000 for pixels up to 255.

    """

    layers: Mapping[str, nn.Conv2d | nn.Linear]
    norms: Mapping[str, nn.BatchNorm2d]
    tensors: Mapping[str, Tensor]
    head: str | None
    input_variance: float = 1.0

    @property
    def convolutions(self) -> dict[str, nn.Conv2d]:
        """The convolutions alone."""
        return {n: m for n, m in self.layers.items() if isinstance(m, nn.Conv2d)}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Names of all layers, as their tensors come."""
        named = dict.fromkeys(key.rpartition(".")[0] for key in self.tensors)
        return tuple(name for name in named if name in self.layers or name in self.norms)

    def norm_after(self, convolution: str) -> nn.BatchNorm2d | None:
        """The normalisation of a convolution's output: the next one, if it has as many channels."""
        places = self.order
        if convolution not in places:
            return None
        after = places[places.index(convolution) + 1 :]
        name = next((each for each in after if each in self.norms), None)
        norm = None if name is None else self.norms[name]
        channels = len(self.layers[convolution].weight)
        return norm if norm is not None and len(norm.weight) == channels else None


def is_finite(value: Tensor) -> bool:
    """Whether no value is NaN or infinite; much faster than looking at each of them."""
    if not value.numel() or not value.is_floating_point():
        return True
    return bool(torch.isfinite(torch.stack(torch.aminmax(value.detach().float()))).all())


def layers_of_network(
    network: nn.Module, *, answers: bool = True, input_variance: float = 1.0
) -> WeightedLayers:
    """The layers of a network; without ``answers`` its head is left out."""
    named = dict(network.named_modules())
    layers = {n: m for n, m in named.items() if isinstance(m, (nn.Conv2d, nn.Linear))}
    head = next((n for n, m in reversed(layers.items()) if isinstance(m, nn.Linear)), None)
    if head is not None and not answers:
        del layers[head]
    return WeightedLayers(
        layers=layers,
        norms={n: m for n, m in named.items() if isinstance(m, nn.BatchNorm2d)},
        tensors={k: v for k, v in network.state_dict().items()
                 if answers or head is None or not k.startswith(f"{head}.")},
        head=head if answers else None,
        input_variance=input_variance,
    )  # fmt: skip


def layers_of_file(tensors: Mapping[str, Tensor]) -> WeightedLayers:
    """The layers of a file's tensors, whatever network they belong to."""
    file_modules = modules(tensors)
    layers = {m.name: _layer(tensors[m.keys["weight"]]) for m in file_modules
              if len(m.shape) >= _MATRIX and "weight" in m.keys}  # fmt: skip
    for module in file_modules:
        if module.name in layers and "bias" in module.keys:
            bias = tensors[module.keys["bias"]]
            layers[module.name].bias = nn.Parameter(bias.float(), requires_grad=False)
    head = next((n for n, m in reversed(layers.items()) if isinstance(m, nn.Linear)), None)
    return WeightedLayers(
        layers=layers,
        norms={m.name: _norm(m, tensors) for m in file_modules if _is_whole_norm(m)},
        tensors=tensors,
        head=head,
    )


def _layer(weight: Tensor) -> nn.Conv2d | nn.Linear:
    """A layer that only holds a weight."""
    layer: nn.Conv2d | nn.Linear
    with torch.device("meta"):
        convolves = weight.ndim > _MATRIX
        layer = nn.Conv2d(1, 1, 1, bias=False) if convolves else nn.Linear(1, 1, bias=False)
    values = weight.float()
    if values.ndim > _MATRIX:
        values = values.flatten(2).unsqueeze(3)  # of one or three dimensions: positions in a row
    layer.weight = nn.Parameter(values, requires_grad=False)
    return layer


def _is_whole_norm(module: NamedModule) -> bool:
    wanted = {"weight", "running_mean", "running_var"}
    return module.kind is ModuleKind.NORM and wanted <= module.keys.keys()


def _norm(module: NamedModule, tensors: Mapping[str, Tensor]) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(module.shape[0])
    norm.weight = nn.Parameter(tensors[module.keys["weight"]].float(), requires_grad=False)
    norm.running_mean = tensors[module.keys["running_mean"]].float()
    norm.running_var = tensors[module.keys["running_var"]].float()
    return norm
