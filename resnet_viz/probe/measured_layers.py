"""The table of layers of a network that is not ours: measured, on the meta device, in no memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from resnet_viz.networks.tables.totals import Totals
from resnet_viz.probe.capture import capture
from resnet_viz.records import MeasuredLayer

_Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
_IDLE = (nn.Dropout, nn.Identity)  # they change nothing in evaluation mode


@dataclass(frozen=True)
class MeasuredLayers:
    """Rows in order of execution, and the output's shape of each module that was asked for."""

    rows: tuple[MeasuredLayer, ...]
    shapes: Mapping[str, tuple[int, ...]]  # without the batch


def measured_layers(
    network: nn.Module, images: Tensor, steps: Iterable[str] = ()
) -> MeasuredLayers:
    """Every layer that runs, and the shapes of ``steps``, from one forward pass.

    Rows are modules without modules inside, or with weights of their own; what is no module has
    none. ``network`` may lie on the meta device with ``images``: then nothing is allocated.
    Multiply-accumulates as in ``layer_table``.
    """
    modules = {name: m for name, m in network.named_modules() if name and _is_row(m)}
    asked = dict.fromkeys([*modules, *steps])
    with torch.no_grad():
        values = capture(network, images, list(asked)).values
    rows = [_row(n, modules[n], value) for n, value in values.items() if n in modules]
    shapes = {name: tuple(values[name].shape[1:]) for name in steps}
    return MeasuredLayers(tuple(rows), shapes)


def measured_totals(
    network: nn.Module, images: Tensor, rows: Sequence[MeasuredLayer], depth: int
) -> Totals:
    """The costs of a network on the meta device; ends in training mode.

    What the forward pass keeps is what autograd saves, each storage once; ``images`` are at least
    two, for batch normalisation's sake.
    """
    return Totals(
        depth=depth,
        parameters=sum(p.numel() for p in network.parameters()),
        macs=sum(row.macs for row in rows),
        kept=_kept(network.train(), images) // len(images),
        largest=max(a.memory + b.memory for a, b in pairwise(rows)),
    )


def _row(name: str, module: nn.Module, value: Tensor) -> MeasuredLayer:
    return MeasuredLayer(
        name=name,
        kind=type(module).__name__,
        shape=tuple(value.shape[1:]),
        parameters=sum(p.numel() for p in module.parameters(recurse=False)),
        macs=_macs(module, value),
        memory=4 * prod(value.shape[1:]),
    )


def _is_row(module: nn.Module) -> bool:
    inner = next(module.children(), None) is not None
    own = next(module.parameters(recurse=False), None) is not None
    idle = isinstance(module, _IDLE) or type(module).__name__ == "StochasticDepth"
    return (own or not inner) and not idle


def _macs(module: nn.Module, value: Tensor) -> int:
    """Weights times places: a weight of a convolution is used once at each place of its output."""
    if isinstance(module, _Convolution):
        return module.weight.numel() * prod(value.shape[2:])
    if isinstance(module, nn.Linear):
        return module.weight.numel() * prod(value.shape[1:-1])
    return 0


def _kept(network: nn.Module, images: Tensor) -> int:
    """Bytes that one forward pass keeps for the backward pass, without the weights."""
    weights = {p.untyped_storage()._cdata for p in _tensors(network)}
    kept: dict[int, torch.UntypedStorage] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage  # held, so that no other takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = network(images)
        total = sum(storage.nbytes() for storage in kept.values())
    assert logits.requires_grad
    return total


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()
