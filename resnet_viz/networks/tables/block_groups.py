"""A network in a few rows: each run of equal blocks is one group."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from resnet_viz.networks.tables.layer_table import layer_table
from resnet_viz.records import BlockGroup, Layer
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import block_of
from resnet_viz.spec.plan import BlockPlan, Plan, plan

STEM, HEAD = "stem", "head"


def block_groups(spec: NetworkSpec) -> tuple[BlockGroup, ...]:
    """The stem, the groups of equal blocks and the head; seven rows for ResNet-1202."""
    layers = layer_table(spec)
    layout = plan(spec)
    place_of = _places(layout)
    by_block = {name: list(rows) for name, rows in groupby(layers, lambda row: place_of(row.name))}
    groups = [_group(by_block[STEM], (STEM,), None)]
    for _, blocks in groupby(layout.blocks, key=_likeness):
        names = list(blocks)
        rows = [row for block in names for row in by_block[block.name]]
        groups.append(_group(rows, [block.name for block in names], names[0].way.value))
    return (*groups, _group(by_block[HEAD], (HEAD,), None))


def layers_inside(spec: NetworkSpec, place: str) -> list[Layer]:
    """The layers of one block, of the stem or of the head."""
    place_of = _places(plan(spec))
    return [row for row in layer_table(spec) if place_of(row.name) == place]


def _places(layout: Plan) -> Callable[[str], str]:
    """From a layer to the block that it is in, "stem" or "head"."""
    blocks = {block.name for block in layout.blocks}
    stem = {part.name for part in layout.stem}
    return lambda layer: block_of(layer, blocks) or (STEM if layer in stem else HEAD)


def _likeness(block: BlockPlan) -> tuple[object, ...]:
    """What blocks of one group have in common; their drop probabilities may differ."""
    return block.stage, block.stride, block.in_channels, block.out_channels, block.way


def _group(rows: Iterable[Layer], names: Sequence[str], way: str | None) -> BlockGroup:
    own = list(rows)
    return BlockGroup(
        first=names[0],
        last=names[-1],
        count=len(names),
        shape=own[-1].shape,
        parameters=sum(row.parameters for row in own),
        macs=sum(row.macs for row in own),
        way=way,
    )
