"""From a comparison to what the figures draw: rows, curves, ranges, and both pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float, UInt8

from resnet_viz.figures.gradients import GradientCurve
from resnet_viz.figures.grids import ChannelOrder, channel_order, feature_grid
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.figures.pictures import cam_row, overlay
from resnet_viz.figures.strip import StripNode, StripRow
from resnet_viz.records import ByLayer, Comparison, Pair, Side
from resnet_viz.spec import PRESETS, NetworkSpec, Order, Shortcut
from resnet_viz.text import Text

CAM_PALETTE = Palette.INFERNO


class Quantity(StrEnum):
    """Which norm a gradient plot shows."""

    WEIGHT = "weight"  # ||dS/dW||
    RELATIVE = "relative"  # ||dS/dW|| / ||W||
    ACTIVATION = "activation"  # ||dS/da||


@dataclass(frozen=True, eq=False)
class ColouredPicture:
    """A picture and the values that its colours stand for; None for what a network lacks."""

    pixels: UInt8[np.ndarray, "height width channels"]
    colour_range: ColourRange


def network_title(spec: NetworkSpec, text: Text) -> str:
    """A network's name in the page's language: ResNet-56, plain-56, WRN-28-10."""
    preset = PRESETS.get(spec.name)
    if preset is not None and preset.title is not None:
        return preset.title
    return text(f"names.{spec.kind}", depth=spec.depth)


def side_title(side: Side, text: Text) -> str:
    """A network with its weights: ResNet-56, trained on CIFAR-10."""
    weights = text(f"weights_note.{side.source}", name=side.weights, seed=side.seed)
    return text("names.with_weights", network=network_title(side.spec, text), weights=weights)


def pickable_layers(comparison: Comparison) -> list[str]:
    """Main layers with maps that both networks have, in order of execution."""
    plain = comparison.sides.plain.analysis.cams
    residual = comparison.sides.residual
    return [n for n in residual.main_layers if n in residual.analysis.cams and n in plain]


def block_of(layer: str, side: Side) -> str | None:
    """The block that a layer is, or is in; None for the stem and the head."""
    return next((b for b in side.spec.blocks() if f"{layer}.".startswith(f"{b}.")), None)


def strip_rows(comparison: Comparison, text: Text) -> list[StripRow]:
    """Both networks for the strip: a node a block, coloured by its activation-gradient norm."""
    return [
        StripRow(
            kind=side.spec.kind,
            title=network_title(side.spec, text),
            nodes=tuple(_node(side, block) for block in side.spec.blocks()),
        )
        for _, side in comparison.sides.items()
    ]


def _node(side: Side, block: str) -> StripNode:
    stage, _, number = block.removeprefix("layer").partition(".")
    return StripNode(
        layer=block,
        label=number,
        stage=int(stage),
        norm=float(side.analysis.activation_gradient_norms[block][0]),
        shortcut=_shortcut_style(side.spec, int(stage), int(number)),
    )


def _shortcut_style(spec: NetworkSpec, stage: int, number: int) -> str | None:
    first = number == 0 and (stage > 1 or spec.block.expansion > 1)
    match spec.shortcut:
        case Shortcut.NONE:
            return None
        case Shortcut.PROJECTION_ALL:
            return "projection"
        case Shortcut.ZERO_PAD:
            return "padding" if first else "identity"
        case Shortcut.PROJECTION:
            return "projection" if first else "identity"


def gradient_curves(comparison: Comparison, quantity: Quantity, text: Text) -> list[GradientCurve]:
    """The chosen norm of every layer that has it, for both networks."""
    curves = []
    for _, side in comparison.sides.items():
        norms = _norms(side, quantity)
        curves.append(
            GradientCurve(
                kind=side.spec.kind,
                label=network_title(side.spec, text),
                layers=tuple(norms),
                values=np.array([norms[name] for name in norms], np.float64),
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
            blocks = side.spec.blocks()
            norms = analysis.activation_gradient_norms
            return {name: float(norms[name][0]) for name in ("conv1", *blocks)}
    return {name: value for name, value in values.items() if ".downsample." not in name}


def cam_ranges(comparison: Comparison, layers: Sequence[str], *, own: bool) -> Pair[ColourRange]:
    """From zero to the highest value of these layers: of both networks, or of each its own."""
    tops = comparison.sides.map(
        lambda side: max(float(side.analysis.cams[name][0].max()) for name in layers)
    )
    shared = max(tops.residual, tops.plain)
    return tops.map(lambda top: ColourRange(0.0, top if own else shared))


def cam_overlays(
    comparison: Comparison, layer: str, *, opacity: float, own: bool
) -> Pair[ColouredPicture]:
    """Grad-CAM of one layer over the photograph, for both networks."""
    ranges = cam_ranges(comparison, [layer], own=own)

    def draw(side: Side, colours: ColourRange) -> ColouredPicture:
        cam = side.analysis.cams[layer][0]
        pixels = overlay(comparison.photo, cam, colours, opacity=opacity, palette=CAM_PALETTE)
        return ColouredPicture(pixels, colours)

    sides = comparison.sides
    return Pair(draw(sides.residual, ranges.residual), draw(sides.plain, ranges.plain))


def cam_rows(
    comparison: Comparison, selected: str | None, *, opacity: float, own: bool, columns: int
) -> Pair[ColouredPicture]:
    """Grad-CAM of every block as one picture a network, aligned block by block."""
    blocks = comparison.sides.residual.spec.blocks()
    ranges = cam_ranges(comparison, blocks, own=own)

    def draw(side: Side, colours: ColourRange) -> ColouredPicture:
        pixels = cam_row(
            [side.analysis.cams[block][0] for block in blocks],
            comparison.photo,
            colours,
            tile=96,
            opacity=opacity,
            columns=columns,
            selected=blocks.index(selected) if selected in blocks else None,
        )
        return ColouredPicture(pixels, colours)

    sides = comparison.sides
    return Pair(draw(sides.residual, ranges.residual), draw(sides.plain, ranges.plain))


@dataclass(frozen=True, eq=False)
class BlockParts:
    """One block taken apart, (channel, height, width) each; a plain block has no shortcut.

    ``activated``: the sum goes through a ReLU (a pre-activation block's does not). ``error`` is
    max |relu(F + x) - output|, which is 0 where the formula is what ran.
    """

    branch: Float[np.ndarray, "c h w"]
    shortcut: Float[np.ndarray, "c h w"] | None
    joined: Float[np.ndarray, "c h w"]
    output: Float[np.ndarray, "c h w"]
    error: float
    activated: bool

    @property
    def formula(self) -> str:
        """What the output should be."""
        inner = "F(x)" if self.shortcut is None else "F(x) + x"
        return f"ReLU({inner})" if self.activated else inner


def block_parts(side: Side, block: str) -> BlockParts:
    """Branch, shortcut, sum and output of a block, and whether they fit together."""
    features = side.analysis.features
    branch, output = features[f"{block}.branch"][0], features[block][0]
    around = f"{block}.shortcut"
    shortcut = features[around][0] if around in features else None
    joined = branch if shortcut is None else branch + shortcut
    activated = side.spec.order is Order.POST
    expected = np.maximum(joined, 0) if activated else joined
    error = float(np.abs(expected - output).max())
    return BlockParts(branch, shortcut, joined, output, error, activated)


def feature_grids(comparison: Comparison, layer: str) -> Pair[ColouredPicture]:
    """The channels that weigh most in a layer's Grad-CAM, for both networks, on one scale."""
    maps = comparison.sides.map(lambda side: side.analysis.features[layer][0])
    shared = ColourRange.of(maps.residual, maps.plain)

    def draw(side: Side) -> ColouredPicture:
        feature = side.analysis.features[layer][0]
        order = channel_order(feature, ChannelOrder.CAM_WEIGHT, side.analysis.cam_weights[layer][0])
        grid = feature_grid(feature, order=order[:64], colour_range=shared, cell=64, columns=8)
        return ColouredPicture(grid.pixels, shared)

    return comparison.sides.map(draw)
