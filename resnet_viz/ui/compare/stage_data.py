"""What the browser needs to draw the stage."""

from hashlib import blake2b

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import CAM_PALETTE, full_titles, short_titles
from resnet_viz.figures.opened_block import Spot, opened_at, pixel_of
from resnet_viz.figures.palettes import Palette
from resnet_viz.figures.stage_drawing import (
    CHANNELS,
    palette_text,
    stage_block,
    stage_maps,
    strip_rows,
)
from resnet_viz.figures.strip import strips
from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Comparison, Pair, Side
from resnet_viz.ui.compare.selection import Selection
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.session import OPACITY, OWN_SCALE, STAGE_TURN
from resnet_viz.ui.frame.words import class_label

_SHALLOW = 12  # blocks whose thumbnails fit below a picture
_WORDS = (
    "label", "layer", "opacity", "own_scale", "own_scale_help", "opened", "identity", "channel",
    "branch", "shortcut", "join", "output", "no_shortcut", "no_join",
)  # fmt: skip
#: What the browser puts into these words, at every move of the selection.
_FILLED_LATER = {
    name: f"{{{name}}}"
    for name in (
        "layer", "own", "value", "block", "channel", "weight", "formula", "row", "column",
        "error", "high", "shown", "count",
    )
}  # fmt: skip


def kept_data(comparison: Comparison, question: object, *, own: bool, text: Text) -> JsonObject:
    """Return what is equal from click to click: photograph, maps, strips and words."""
    blocks = comparison.sides.first.spec.blocks()
    rows = strip_rows(comparison, blocks[-1], text, own=own)
    drawn, legend = strips([*rows], text)
    titles = full_titles(comparison, text).join(short_titles(comparison, text))

    def side(one: tuple[tuple[Side, JsonObject], tuple[str, tuple[str, str]]]) -> JsonObject:
        (network, maps), (strip, (title, name)) = one
        style = STYLES[network.role]
        target = class_label(network.target_label, text)
        return {
            **maps,
            "strip": strip,
            "title": title,
            "network": name,
            "glyph": style.glyph,
            "colour": style.colour,
            "alt": text("compare.overlay_alt", network=name, layer="{layer}"),
            "caption": text("stage.caption", **_FILLED_LATER | {"target": target}),
            "unopened": text(
                "stage.zoo" if _unopened(network) else "stage.outside", layer="{layer}"
            ),
        }

    return {
        "store": _name(question, comparison.digest, own, text.language),
        "photo": data_uri(comparison.photo),
        "side": comparison.photo.shape[0],
        "palette": palette_text(CAM_PALETTE),
        "diverging": palette_text(Palette.DIVERGING),
        "layers": comparison.layers,
        "picks": blocks,
        "page": CHANNELS,
        "deep": max(len(side.spec.blocks()) for side in comparison.sides) > _SHALLOW,
        "legend": legend,
        "words": {name: text(f"stage.{name}", **_FILLED_LATER) for name in _WORDS},
        "sides": [
            *comparison.sides.join(stage_maps(comparison)).join(Pair(*drawn).join(titles)).map(side)
        ],
    }


def shown_data(comparison: Comparison, selection: Selection, kept: JsonObject) -> JsonObject:
    """Return the selection, and the values of the block that it opens."""
    layer, spot = selection.layer, selection.spot
    x, y = spot.pixel or (None, None)
    telling = pixel_of(comparison, layer, Spot())
    at = comparison.sides.join(comparison.layers_at(layer))
    return {
        "of": kept["store"],
        "selected": {
            "layer": layer,
            "rank": spot.rank,
            "x": x,
            "y": y,
            "opacity": OPACITY.get(),
            "own": OWN_SCALE.get(),
        },
        "telling": {"x": telling[0], "y": telling[1]},
        "turn": STAGE_TURN.get(),
        "opened": {
            "key": f"{layer} {spot.rank // CHANNELS}",
            "sides": [_opened(side, name, spot.rank) for side, name in at],
        },
    }


def _opened(side: Side, layer: str, rank: int) -> JsonObject | None:
    block = opened_at(side, layer)
    return None if block is None else stage_block(side, block, rank)


def _unopened(side: Side) -> bool:
    """Whether no block of a network can be opened."""
    return all(opened_at(side, block) is None for block in side.spec.blocks())


def _name(*decides: object) -> str:
    return blake2b(repr(decides).encode(), digest_size=8).hexdigest()
