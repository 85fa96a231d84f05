"""The main steps of a network of the catalog, with equal neighbours collapsed into one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import nn

from resnet_viz.networks.tables.totals import Totals
from resnet_viz.networks.zoo.build_zoo import zoo_without_weights
from resnet_viz.networks.zoo.catalog import zoo_row
from resnet_viz.probe.measured_layers import MeasuredLayers, measured_layers, measured_totals
from resnet_viz.records import BlockGroup, MeasuredLayer

HEAD = "head"


@dataclass(frozen=True)
class ZooTable:
    """The measured layers, main steps and costs of a network of the catalog."""

    layers: tuple[MeasuredLayer, ...]
    groups: tuple[BlockGroup, ...]
    totals: Totals


def zoo_table(name: str) -> ZooTable:
    """Measure a network of the catalog by its name, without its weights."""
    row, network = zoo_row(name), zoo_without_weights(name).eval()
    side = row.input_size
    images = torch.empty(2, row.input_channels, side, side, device="meta")
    measured = measured_layers(network, images, row.blocks)
    groups = tuple(_groups(network, row.stages.values(), measured))
    totals = measured_totals(network, images, measured.rows, row.depth)
    return ZooTable(measured.rows, groups, totals)


def way_around(step: nn.Module) -> str:
    """How a step's input bypasses it: "identity" (added), "concatenation", or "none"."""
    match type(step).__name__:
        case "InvertedResidual":
            return "identity" if step.use_res_connect else "none"
        case "CNBlock":
            return "identity"
        case "_DenseLayer":
            return "concatenation"
    return "none"


@dataclass(frozen=True)
class _Step:
    name: str
    stage: int
    kind: str
    way: str
    shape: tuple[int, ...]
    layers: tuple[MeasuredLayer, ...]


def _groups(
    network: nn.Module, stages: Iterable[tuple[str, ...]], measured: MeasuredLayers
) -> Iterator[BlockGroup]:
    names = [(stage, name) for stage, steps in enumerate(stages) for name in steps]
    ends = [_end(measured.rows, name) for _, name in names]
    steps = []
    for (stage, name), start, end in zip(names, [0, *ends[:-1]], ends, strict=True):
        step = network.get_submodule(name)
        shape = _shape_after(step, measured.shapes[name])
        own = measured.rows[start:end]
        steps.append(_Step(name, stage, type(step).__name__, way_around(step), shape, own))
    for _, equal in groupby(steps, key=_likeness):
        yield _group(list(equal))
    rest = measured.rows[ends[-1] :]
    yield _group([_Step(HEAD, -1, HEAD, "", rest[-1].shape, rest)])


def _end(layers: Sequence[MeasuredLayer], step: str) -> int:
    """The index after the last layer of a step."""
    inside = f"{step}."
    return max(n for n, row in enumerate(layers, 1) if f"{row.name}.".startswith(inside))


def _shape_after(step: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What the next step reads: after a dense layer, all channels so far and its new ones."""
    if way_around(step) != "concatenation":
        return shape
    read = step.get_submodule("norm1")
    before = read.num_features if isinstance(read, nn.BatchNorm2d) else 0
    return before + shape[0], *shape[1:]


def _likeness(step: _Step) -> tuple[object, ...]:
    size = step.shape[1:] if step.way == "concatenation" else step.shape
    return step.stage, step.kind, step.way, size


def _group(steps: Sequence[_Step]) -> BlockGroup:
    own = [layer for step in steps for layer in step.layers]
    return BlockGroup(
        first=steps[0].name,
        last=steps[-1].name,
        count=len(steps),
        shape=steps[-1].shape,
        parameters=sum(layer.parameters for layer in own),
        macs=sum(layer.macs for layer in own),
        way=steps[0].way or None,
    )
