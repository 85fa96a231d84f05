"""The selected layer, which Compare and Explain share and which means a place in a network."""

from collections.abc import Sequence
from dataclasses import dataclass

from resnet_viz.records import counterpart
from resnet_viz.ui.frame.session import LAYER, LAYER_AMONG


@dataclass(frozen=True)
class Among:
    """The layers and the blocks among which a layer was chosen."""

    layers: tuple[str, ...]
    blocks: tuple[str, ...]


def restore_layer(layers: Sequence[str], blocks: Sequence[str]) -> None:
    """Take the layer from the session or the address; by default the last block.

    In other networks it becomes the layer at the same share of the way, so that the last block
    stays the last.
    """
    now, before = Among(tuple(layers), tuple(blocks)), LAYER_AMONG.get()
    if isinstance(before, Among) and before != now:
        LAYER.set(_moved(LAYER.get(), before, now))
    LAYER.restore(layers, blocks[-1])
    LAYER_AMONG.set(now)


def _moved(layer: str, before: Among, now: Among) -> str:
    """Return the layer at the same place of other networks; a block's is a block."""
    if layer in now.layers and before.blocks == now.blocks:
        return layer
    if layer in before.blocks:
        return counterpart(layer, before.blocks, now.blocks)
    return counterpart(layer, before.layers, now.layers) if layer in before.layers else ""
