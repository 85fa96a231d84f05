"""The layers of a network that is not ours, measured; on the meta device without any memory."""

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
    """Rows in order of execution, and the output shape of each requested module."""

    rows: tuple[MeasuredLayer, ...]
    shapes: Mapping[str, tuple[int, ...]]  # without the batch


def measured_layers(
    network: nn.Module, images: Tensor, steps: Iterable[str] = ()
) -> MeasuredLayers:
    """Every layer that runs, and the shapes of ``steps``, from one forward pass.

    A row is a module that has no modules inside or has weights itself; a function call has no row.
    With ``network`` and ``images`` on the meta device nothing is allocated. Multiply-accumulates
    are counted as in ``layer_table``.
    """
    modules = {name: m for name, m in network.named_modules() if name and _is_row(m)}
    names = dict.fromkeys([*modules, *steps])
    with torch.no_grad():
        values = capture(network, images, list(names)).values
    rows = [_row(n, modules[n], value) for n, value in values.items() if n in modules]
    shapes = {name: tuple(values[name].shape[1:]) for name in steps}
    return MeasuredLayers(tuple(rows), shapes)


def measured_totals(
    network: nn.Module, images: Tensor, rows: Sequence[MeasuredLayer], depth: int
) -> Totals:
    """The costs of a network on the meta device, which is left in training mode.

    ``kept`` counts what autograd saves in a forward pass, each storage once, in bytes per image.
    Batch normalisation needs at least two ``images``.
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
    """Weights times positions: a convolution uses each weight once per position of its output."""
    if isinstance(module, _Convolution):
        return module.weight.numel() * prod(value.shape[2:])
    if isinstance(module, nn.Linear):
        return module.weight.numel() * prod(value.shape[1:-1])
    return 0


def _kept(network: nn.Module, images: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward pass, without the weights."""
    weights = {p.untyped_storage()._cdata for p in _tensors(network)}
    saved: dict[int, torch.UntypedStorage] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            saved[storage._cdata] = storage  # a reference keeps its address from being reused
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = network(images)
        total = sum(storage.nbytes() for storage in saved.values())
    assert logits.requires_grad
    return total


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()
