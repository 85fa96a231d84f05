"""The data of a comparison's figures: rows, curves, colour ranges and pictures."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import UInt8

from resnet_viz.core.text import Text
from resnet_viz.figures.footing_words import unequal_footing, with_footing
from resnet_viz.figures.gradient_plot import GradientCurve
from resnet_viz.figures.grids import ChannelOrder, channel_order, feature_grid
from resnet_viz.figures.map_overlays import cam_row, overlay
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.records import ANY_TWO, ByLayer, Comparison, Pair, Role, Side, counterpart
from resnet_viz.spec import PRESETS, NetworkSpec, ZooSpec
from resnet_viz.spec.layer_names import on_shortcut
from resnet_viz.spec.plan import Way, plan

CAM_PALETTE = Palette.INFERNO


class Quantity(StrEnum):
    """Which norm a gradient plot shows."""

    WEIGHT = "weight"  # ||dS/dW||
    RELATIVE = "relative"  # ||dS/dW|| / ||W||
    ACTIVATION = "activation"  # ||dS/da||


@dataclass(frozen=True, eq=False)
class ColouredPicture:
    """A picture and the range of values that its colours represent."""

    role: Role
    pixels: UInt8[np.ndarray, "height width channels"]
    colour_range: ColourRange


def network_title(spec: NetworkSpec | ZooSpec, text: Text) -> str:
    """A network's title in a language: ResNet-56, plain-56, WRN-28-10, VGG-16.

    A design that is laid out like no published network has its stages in its title, because
    "ResNet-18" is the name of one.
    """
    if isinstance(spec, ZooSpec):
        return spec.title
    preset = PRESETS.get(spec.name)
    if preset is not None and preset.title is not None:
        return preset.title
    if spec.has_published_layout:
        return text(f"names.{spec.kind}", depth=spec.depth)
    low, high = min(spec.widths), max(spec.widths)
    return text(
        f"names.own_{spec.kind}",
        blocks="-".join(map(str, spec.depths)),
        channels=str(low) if low == high else f"{low}–{high}",
    )


def side_title(side: Side, text: Text) -> str:
    """A network with its weights: ResNet-56, trained on CIFAR-10."""
    weights = text(f"weights_note.{side.source}", name=side.weights, seed=side.seed)
    return text("names.with_weights", network=network_title(side.spec, text), weights=weights)


def short_titles(comparison: Comparison, text: Text) -> Pair[str]:
    """Both networks for a legend, with their weights if the networks are the same."""
    titles = comparison.sides.map(lambda side: network_title(side.spec, text))
    if titles.first != titles.second:
        return titles
    return distinct_titles(comparison.sides.map(lambda side: side_title(side, text)), text)


def full_titles(comparison: Comparison, text: Text) -> Pair[str]:
    """Titles above the pictures: both networks with their weights and what they reached."""

    def full(side: Side) -> str:
        return with_footing(side_title(side, text), side.footing, text)

    return distinct_titles(comparison.sides.map(full), text)


def footing_sentence(comparison: Comparison, text: Text) -> str:
    """One sentence if both networks were trained, but not alike; otherwise ""."""
    titles = short_titles(comparison, text)
    return unequal_footing(
        [(title, side.footing) for side, title in comparison.sides.join(titles)], text
    )


def distinct_titles(titles: Pair[str], text: Text) -> Pair[str]:
    """Titles of two networks that are not twins; each with its role where both are the same."""
    if titles.first != titles.second:
        return titles
    return titles.join(ANY_TWO).map(
        lambda both: text("names.with_role", network=both[0], role=text(f"roles.{both[1]}"))
    )


def shortcut_styles(spec: NetworkSpec | ZooSpec) -> list[str | None]:
    """How each block's shortcut is drawn, in order of execution; None for no shortcut."""
    if isinstance(spec, ZooSpec):
        return [None] * len(spec.blocks())
    return [None if block.way is Way.NONE else block.way.value for block in plan(spec).blocks]


def gradient_curves(comparison: Comparison, quantity: Quantity, text: Text) -> list[GradientCurve]:
    """The chosen norm of every layer that has it, for both networks."""
    curves = []
    for side, title in comparison.sides.join(short_titles(comparison, text)):
        norms = _norms(side, quantity)
        curves.append(
            GradientCurve(
                role=side.role,
                label=title,
                layers=tuple(norms),
                values=np.array([norms[name] for name in norms], np.float64),
                head=side.main_layers[-1],
            )
        )
    return curves


def _norms(side: Side, quantity: Quantity) -> dict[str, float]:
    analysis = side.analysis
    match quantity:
        case Quantity.WEIGHT:
            values: ByLayer[float] = analysis.weight_gradient_norms
        case Quantity.RELATIVE:
            values = analysis.relative_weight_gradient_norms
        case Quantity.ACTIVATION:
            stem, norms = side.main_layers[0], analysis.activation_gradient_norms
            names = dict.fromkeys([stem, *side.spec.blocks()])
            return {name: float(norms[name][0]) for name in names if name in norms}
    return {name: value for name, value in values.items() if not on_shortcut(name)}


def cam_range(comparison: Comparison, layer: str, *, own: bool) -> Pair[ColourRange]:
    """From zero to the highest value of a layer, shared by both networks unless ``own``."""
    at = comparison.sides.join(comparison.layers_at(layer))
    return _ranges(at.map(lambda one: _top(*one)), own=own)


def block_ranges(comparison: Comparison, *, own: bool) -> Pair[list[ColourRange]]:
    """For each block the range of its map, shared with the other network's block in its place.

    One range for all blocks would paint most of them black.
    """
    blocks = comparison.sides.map(lambda side: side.spec.blocks())
    there = Pair(
        [counterpart(block, blocks.first, blocks.second) for block in blocks.first],
        [counterpart(block, blocks.second, blocks.first) for block in blocks.second],
    )
    tops = comparison.sides.join(blocks).map(lambda one: {n: _top(one[0], n) for n in one[1]})
    others = Pair(tops.second, tops.first)

    def ranges(
        one: tuple[dict[str, float], tuple[list[str], dict[str, float]]],
    ) -> list[ColourRange]:
        ours, (across, theirs) = one
        both = zip(ours.values(), across, strict=True)
        return [ColourRange(0.0, top if own else max(top, theirs[name])) for top, name in both]

    return tops.join(there.join(others)).map(ranges)


def _top(side: Side, layer: str) -> float:
    return float(side.analysis.cams[layer][0].max())


def _ranges(tops: Pair[float], *, own: bool) -> Pair[ColourRange]:
    shared = max(tops.first, tops.second)
    return tops.map(lambda top: ColourRange(0.0, top if own else shared))


def cam_overlays(
    comparison: Comparison, layer: str, *, opacity: float, own: bool
) -> Pair[ColouredPicture]:
    """Grad-CAM of one layer over the photograph, for both networks."""
    ranges, at = cam_range(comparison, layer, own=own), comparison.layers_at(layer)

    def draw(one: tuple[tuple[Side, str], ColourRange]) -> ColouredPicture:
        (side, name), colours = one
        cam = side.analysis.cams[name][0]
        pixels = overlay(comparison.photo, cam, colours, opacity=opacity, palette=CAM_PALETTE)
        return ColouredPicture(side.role, pixels, colours)

    return comparison.sides.join(at).join(ranges).map(draw)


def cam_rows(
    comparison: Comparison, selected: str | None, *, opacity: float, own: bool, columns: int
) -> Pair[ColouredPicture]:
    """Grad-CAM of every block as one picture per network; each block has a scale of its own.

    The colour range of the picture goes to the highest of these scales.
    """
    ranges = block_ranges(comparison, own=own)
    at = Pair("", "") if selected is None else comparison.layers_at(selected)

    def draw(one: tuple[tuple[Side, str], list[ColourRange]]) -> ColouredPicture:
        (side, chosen), scales = one
        own_blocks = side.spec.blocks()
        pixels = cam_row(
            [side.analysis.cams[block][0] for block in own_blocks],
            comparison.photo,
            scales,
            tile=96,
            opacity=opacity,
            columns=columns,
            selected=own_blocks.index(chosen) if chosen in own_blocks else None,
        )
        highest = ColourRange(0.0, max(scale.high for scale in scales))
        return ColouredPicture(side.role, pixels, highest)

    return comparison.sides.join(at).join(ranges).map(draw)


def feature_grids(comparison: Comparison, layer: str) -> Pair[ColouredPicture]:
    """Up to 64 channels with the largest Grad-CAM weights, for both networks, on one scale."""
    sides = comparison.sides.join(comparison.layers_at(layer))
    shared = ColourRange.of(*[side.analysis.features[name][0] for side, name in sides])

    def draw(one: tuple[Side, str]) -> ColouredPicture:
        side, name = one
        feature = side.analysis.features[name][0]
        order = channel_order(feature, ChannelOrder.CAM_WEIGHT, side.analysis.cam_weights[name][0])
        grid = feature_grid(feature, order=order[:64], colour_range=shared, cell=64, columns=8)
        return ColouredPicture(side.role, grid.pixels, shared)

    return sides.map(draw)
