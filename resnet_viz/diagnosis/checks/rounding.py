"""Weights rounded to another format and back, in a network that computes in single precision."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import RoundedLayer

_LEVELS = 127  # of int8 on each side of zero
_MOST_MACS = 1e9  # of a network whose layers are measured in every format

Rounding = Callable[[Tensor], Tensor]


def _float(kind: torch.dtype) -> Rounding:
    return lambda weight: weight.to(kind).to(weight.dtype)


def _int8(weight: Tensor, *, by_channel: bool) -> Tensor:
    """Round symmetrically to 8 bits with one scale for the tensor, or one for each output."""
    if weight.ndim < 2:
        return weight
    dims = tuple(range(1, weight.ndim)) if by_channel else tuple(range(weight.ndim))
    scale = weight.abs().amax(dims, keepdim=True).clamp_min(torch.finfo(weight.dtype).tiny)
    return (weight / scale * _LEVELS).round() / _LEVELS * scale


#: Formats by name. Both of int8 leave vectors (norms, biases, statistics) as they are.
FORMATS: Mapping[str, Rounding] = {
    "fp16": _float(torch.float16),
    "bf16": _float(torch.bfloat16),
    "int8_tensor": lambda weight: _int8(weight, by_channel=False),
    "int8_channel": lambda weight: _int8(weight, by_channel=True),
}


def round_all(network: nn.Module, rounding: Rounding) -> None:
    """Round every floating-point tensor of a network in place."""
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(rounding(value))


def underflow(values: Tensor) -> int:
    """How many values are zero in half precision and not before."""
    return int(((values != 0) & (values.to(torch.float16) == 0)).sum())


def lost_variances(network: nn.Module) -> int:
    """How many running variances are zero in half precision and not before."""
    return sum(
        underflow(value)
        for name, value in network.state_dict().items()
        if name.endswith("running_var")
    )


def rounded_layers(network: ResNet, batch: Tensor, macs: float) -> Iterator[RoundedLayer]:
    """Round the weights of one layer after the other; ``network`` is changed meanwhile.

    Of a network with many multiply-accumulates (``macs``) only int8 is measured.
    """
    names = [name for name in FORMATS if macs <= _MOST_MACS or name.startswith("int8")]
    with torch.no_grad():
        exact = _centred(network(batch))
        for layer, module in network.named_modules():
            if not isinstance(module, (nn.Conv2d, nn.Linear)):
                continue
            kept = module.weight.clone()
            noise: dict[str, float | None] = {}
            for name in names:
                module.weight.copy_(FORMATS[name](kept))
                noise[name] = float((_centred(network(batch)) - exact).norm() / exact.norm())
            module.weight.copy_(kept)
            yield RoundedLayer(
                layer,
                noise["int8_tensor"],
                noise["int8_channel"],
                noise.get("fp16"),
                noise.get("bf16"),
                underflow(kept),
            )


def _centred(logits: Tensor) -> Tensor:
    return logits - logits.mean(1, keepdim=True)
