"""How blocks of other networks hand their input on: a block with all weights zero shows it."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.models.densenet import _DenseBlock
from torchvision.models.googlenet import Inception
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import BasicBlock
from torchvision.models.vision_transformer import EncoderBlock

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import exact
from resnet_viz.records import Finding, Mark, Panel

_PIXELS = 8

#: A block and the number of its input's channels, by network.
_BLOCKS: Mapping[str, tuple[Callable[[], nn.Module], int]] = {
    "resnet": (lambda: BasicBlock(64, 64), 64),
    "mobilenet": (lambda: InvertedResidual(24, 24, 1, 6), 24),
    "transformer": (
        lambda: EncoderBlock(4, 64, 128, 0.0, 0.0, partial(nn.LayerNorm, eps=1e-6)),
        64,
    ),
    "densenet": (lambda: _DenseBlock(6, 64, 4, 32, 0.0), 64),
    "inception": (lambda: Inception(192, 64, 96, 128, 16, 32, 32), 192),
}


def measure() -> Finding:
    """Set every weight of one block of each network to zero; compare its output with its input.

    ``x_kept`` is the share of the input's channels that stand unchanged in the output of x.
    """
    numbers: dict[str, float] = {}
    kept, grown = [], []
    for name, (make, channels) in _BLOCKS.items():
        value = _input(name, channels)
        found = _zeroed(make())(value)
        axis = -1 if name == "transformer" else 1
        into, out = value.shape[axis], found.shape[axis]
        same = _kept(value.movedim(axis, 0), found.movedim(axis, 0))
        numbers |= exact(f"{name}_in", into) | exact(f"{name}_out", out)
        numbers |= exact(f"{name}_kept", 100 * same)
        kept.append(into * same)
        grown.append(out - into * same)
    names = list(_BLOCKS)
    places = range(len(names))
    panel = Panel(
        "channels", "network", "channels",
        (curve("passed_on", places, kept, names), curve("other", places, grown, names)),
        mark=Mark.BARS,
    )  # fmt: skip
    return Finding("joins-elsewhere", {}, 1.0, (panel,), numbers)


def _input(name: str, channels: int) -> Tensor:
    """Return positive noise, which no ReLU changes; for the Transformer, tokens by channels."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(1, channels, _PIXELS, _PIXELS, generator=generator) + 0.1
    return noise.flatten(2).transpose(1, 2) if name == "transformer" else noise


def _zeroed(block: nn.Module) -> nn.Module:
    with torch.no_grad():
        for weight in block.parameters():
            weight.zero_()
    return block.eval()


def _kept(value: Tensor, found: Tensor) -> float:
    """Return the share of the input's channels that stand unchanged at the output's start."""
    count = min(len(value), len(found))
    same = [torch.equal(value[n], found[n]) for n in range(count)]
    return sum(same) / len(value)
