"""What is selected on the stage: a layer, a channel, a pixel; and how maps are shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.figures.opened_block import Spot
from resnet_viz.records import Comparison
from resnet_viz.ui.choose.chosen_layer import restore_layer
from resnet_viz.ui.frame.session import (
    LAYER,
    OPACITY,
    OWN_SCALE,
    PIXEL,
    RANK,
    STAGE_TURN,
)

_MOST_CHANNELS = 100_000


@dataclass(frozen=True)
class Selection:
    """The selected layer of the first network, and channel and pixel of its block."""

    layer: str
    spot: Spot


def selected(comparison: Comparison) -> Selection:
    """Return the selection of the session or the address; by default the last block.

    A layer means a place: in other networks it is the one at the same share of the way, so that the
    last block stays the last.
    """
    blocks = comparison.sides.first.spec.blocks()
    restore_layer(comparison.layers, blocks)
    LAYER.publish(blocks[-1])
    RANK.restore(_MOST_CHANNELS)
    RANK.publish(0)
    PIXEL.restore()
    PIXEL.write()
    return Selection(LAYER.get(), Spot(RANK.get(), PIXEL.get()))


def take(picked: object, comparison: Comparison) -> None:
    """Take over what the browser selected; whatever makes no sense is left as it was."""
    if not isinstance(picked, Mapping):
        return
    if picked.get("layer") in comparison.layers:
        LAYER.set(str(picked["layer"]))
    rank, x, y = picked.get("rank"), picked.get("x"), picked.get("y")
    if isinstance(rank, int) and 0 <= rank < _MOST_CHANNELS:
        RANK.set(rank)
    if isinstance(x, int | float) and isinstance(y, int | float) and 0 <= x < 1 and 0 <= y < 1:
        PIXEL.set((float(x), float(y)))
    opacity, own, turn = picked.get("opacity"), picked.get("own"), picked.get("turn")
    if isinstance(opacity, int) and 0 <= opacity <= 100:
        OPACITY.set(opacity)
    if isinstance(own, bool):
        OWN_SCALE.set(own)
    if isinstance(turn, int):
        STAGE_TURN.set(turn)
