"""The data of the stage: strips with thumbnails, and values that the browser draws."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    CAM_PALETTE,
    block_ranges,
    network_title,
    shortcut_styles,
)
from resnet_viz.figures.map_overlays import cam_tiles
from resnet_viz.figures.opened_block import block_parts, by_weight
from resnet_viz.figures.palettes import ColourRange, Palette, table
from resnet_viz.figures.strip import StripNode, StripRow
from resnet_viz.pictures.decode import to_jpeg
from resnet_viz.records import Comparison, Pair, Side, counterpart

_THUMBNAIL = 64  # pixels
_OPACITY = 0.55
#: Channels of a block that travel to the browser together.
CHANNELS = 16


def strip_rows(
    comparison: Comparison, selected: str, text: Text, *, own: bool = False
) -> Pair[StripRow]:
    """Both networks for the strip; thumbnails are coloured as the pictures of their block are."""
    picks = Pair(comparison.sides.first.spec.blocks(), _targets(comparison))
    ranges = block_ranges(comparison, own=own)
    drawn = comparison.sides.join(ranges).map(lambda both: _thumbnails(comparison, *both))

    def row(one: tuple[tuple[Side, str], tuple[Sequence[str], list[str]]]) -> StripRow:
        (side, layer), (own_picks, pictures) = one
        return StripRow(
            role=side.role,
            title=network_title(side.spec, text),
            nodes=tuple(_nodes(side, own_picks, pictures)),
            selected=layer,
        )

    return comparison.sides.join(comparison.layers_at(selected)).join(picks.join(drawn)).map(row)


def _thumbnails(comparison: Comparison, side: Side, ranges: Sequence[ColourRange]) -> list[str]:
    cams = [side.analysis.cams[block][0] for block in side.spec.blocks()]
    tiles = cam_tiles(
        cams, comparison.photo, ranges, tile=_THUMBNAIL, opacity=_OPACITY, palette=CAM_PALETTE
    )
    return [f"data:image/jpeg;base64,{_text(to_jpeg(tile))}" for tile in tiles]


def _nodes(side: Side, picks: Sequence[str], pictures: Sequence[str]) -> Iterator[StripNode]:
    places = [(s, b) for s, row in enumerate(side.spec.stages, 1) for b in row]
    styles = shortcut_styles(side.spec)
    norms = side.analysis.activation_gradient_norms
    for number, ((stage, block), style) in enumerate(zip(places, styles, strict=True)):
        yield StripNode(
            layer=block,
            picks=picks[number],
            stage=stage,
            norm=float(norms[block][0]) if block in norms else None,
            shortcut=style,
            picture=pictures[number],
        )


def _targets(comparison: Comparison) -> list[str]:
    """For each block of the second network, the first network's block to select."""
    ours, theirs = (side.spec.blocks() for side in comparison.sides)
    return [counterpart(block, theirs, ours) for block in theirs]


def stage_maps(comparison: Comparison) -> Pair[JsonObject]:
    """By network: each layer's map in 255ths of its highest value, and that value.

    Layers are named as in the first network; the second one's is the corresponding layer.

    ``maps`` is {layer: [height, width, high, base64]}; ``names`` {layer: its own name}; ``shared``
    {layer: high of both networks}. A map that is not finite has the height 0 and is drawn in the
    colour of missing values.
    """
    layers, sides = comparison.layers, comparison.sides
    at = {name: comparison.layers_at(name) for name in layers}
    maps = Pair(
        {name: _map(sides.first.analysis.cams[name][0]) for name in layers},
        {name: _map(sides.second.analysis.cams[at[name].second][0]) for name in layers},
    )
    names = Pair({name: name for name in layers}, {name: both.second for name, both in at.items()})
    shared = {n: max(maps.first[n][2], maps.second[n][2]) for n in layers}
    return maps.join(names).map(lambda own: {"maps": own[0], "names": own[1], "shared": shared})


def palette_text(palette: Palette) -> str:
    """A palette's 256 colours, three bytes each, in base64."""
    return _text(table(palette).tobytes())


def _map(cam: Float[np.ndarray, "h w"]) -> list[Any]:
    if not np.isfinite(cam).all():
        return [0, 0, 0.0, ""]
    high = float(cam.max())
    steps = np.rint(cam * (255 / high)) if high > 0 else np.zeros_like(cam)
    return [*cam.shape, high, _text(steps.astype(np.uint8).tobytes())]


def stage_block(side: Side, block: str, rank: int) -> JsonObject:
    """The values of the ``CHANNELS`` channels by weight among which ``rank`` is.

    Single precision in base64. ``shortcut`` is null without one; ``output`` is null where the
    browser computes it to the last bit.
    """
    parts, order = block_parts(side, block), by_weight(side, block)
    start = min(rank, len(order) - 1) // CHANNELS * CHANNELS
    page = list(order[start : start + CHANNELS])
    weights = side.analysis.cam_weights[block][0]
    exact = parts.error == 0 and parts.activation in ("ReLU", "")
    return {
        "block": block,
        "start": start,
        "count": len(order),
        "channels": page,
        "weights": [float(weights[channel]) for channel in page],
        "size": list(parts.output.shape[1:]),
        "activation": parts.activation,
        "formula": parts.formula,
        "error": parts.error,
        "branch": _values(parts.branch[page]),
        "shortcut": None if parts.shortcut is None else _values(parts.shortcut[page]),
        "output": None if exact else _values(parts.output[page]),
    }


def _values(values: Float[np.ndarray, "c h w"]) -> str:
    return _text(np.ascontiguousarray(values, "<f4").tobytes())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
