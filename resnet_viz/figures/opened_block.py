"""A block taken apart: branch, shortcut, sum and output, as values and as pictures."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from resnet_viz.figures.grids import ChannelOrder, channel_order, feature_grid
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.records import Comparison, Pair, Role, Side
from resnet_viz.spec import Activation, NetworkSpec, Order
from resnet_viz.spec.layer_names import block_of

#: By name in a spec: how it is written, and the function.
_ACTIVATIONS: Mapping[Activation, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    Activation.RELU: ("ReLU", lambda x: np.maximum(x, 0)),
    Activation.TANH: ("tanh", np.tanh),
    Activation.SIGMOID: ("sigmoid", lambda x: 0.5 * (1 + np.tanh(0.5 * x))),
    Activation.GELU: ("GELU", lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))),
    Activation.SILU: ("SiLU", lambda x: 0.5 * x * (1 + np.tanh(0.5 * x))),
    Activation.ELU: ("ELU", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
}

PARTS = ("branch", "shortcut", "join", "output")


@dataclass(frozen=True)
class Spot:
    """What is looked at inside a block.

    ``rank`` is the channel's place by Grad-CAM weight, the largest first, because channels of two
    networks have nothing in common but their place. ``pixel`` is a position in the picture, x and y
    as shares of its width and height in [0, 1); None is the most telling one (``pixel_of``).
    """

    rank: int = 0
    pixel: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class BlockParts:
    """One block taken apart, (channel, height, width) each; a plain block has no shortcut.

    ``activation`` is what the sum goes through: "ReLU"; "" for nothing, as in a pre-activation
    block. ``error`` is max |activation(F + x) - output|: 0 if the block computes this formula.
    """

    branch: Float[np.ndarray, "c h w"]
    shortcut: Float[np.ndarray, "c h w"] | None
    joined: Float[np.ndarray, "c h w"]
    output: Float[np.ndarray, "c h w"]
    error: float
    activation: str

    @property
    def formula(self) -> str:
        """The formula of the block's output."""
        inner = "F(x)" if self.shortcut is None else "F(x) + x"
        return f"{self.activation}({inner})" if self.activation else inner


@dataclass(frozen=True, eq=False)
class OpenedChannel:
    """One channel of a block as pictures on one scale of -high to high, and a pixel in numbers."""

    role: Role
    block: str
    channel: int
    row: int
    column: int
    high: float
    tiles: dict[str, UInt8[np.ndarray, "height width 4"]]  # by part, without those there are not
    formula: str


def has_parts(side: Side, block: str) -> bool:
    """Whether the parts of a block were captured; true for our own networks."""
    return f"{block}.branch" in side.analysis.features


def block_parts(side: Side, block: str) -> BlockParts:
    """Branch, shortcut, sum and output of a block, and the error of their formula."""
    features = side.analysis.features
    branch, output = features[f"{block}.branch"][0], features[block][0]
    around = f"{block}.shortcut"
    shortcut = features[around][0] if around in features else None
    joined = branch if shortcut is None else branch + shortcut
    name, expected = "", joined
    if isinstance(side.spec, NetworkSpec) and side.spec.order is Order.POST:
        name, function = _ACTIVATIONS[side.spec.activation]
        expected = function(joined)
    error = float(np.abs(expected - output).max())
    return BlockParts(branch, shortcut, joined, output, error, name)


def opened_at(side: Side, layer: str) -> str | None:
    """The block that a layer is, or is in, if its parts are known."""
    block = block_of(layer, side.spec.blocks())
    return block if block is not None and has_parts(side, block) else None


def by_weight(side: Side, block: str) -> tuple[int, ...]:
    """A block's channels, those with the largest Grad-CAM weight first."""
    features, weights = side.analysis.features[block][0], side.analysis.cam_weights[block][0]
    return channel_order(features, ChannelOrder.CAM_WEIGHT, weights)


def pixel_of(comparison: Comparison, layer: str, spot: Spot) -> tuple[float, float]:
    """The pixel of a spot.

    Until one is chosen, it is where the first network's block puts out most in its heaviest
    channel; outside a block, where its map is highest.
    """
    if spot.pixel is not None:
        return spot.pixel
    side = comparison.sides.first
    block = opened_at(side, layer)
    if block is None:
        values = side.analysis.cams[layer][0]
    else:
        values = side.analysis.features[block][0, by_weight(side, block)[0]]
    height, width = values.shape
    row, column = divmod(int(np.nan_to_num(values).argmax()), width)
    return (column + 0.5) / width, (row + 0.5) / height


def opened_channels(
    comparison: Comparison, layer: str, spot: Spot, *, side_length: int
) -> Pair[OpenedChannel | None]:
    """The block at a layer, opened, for both networks; None where its parts are not known.

    Pictures are at least ``side_length`` pixels high; all are on one scale.
    """
    x, y = pixel_of(comparison, layer, spot)
    found = comparison.sides.join(comparison.layers_at(layer)).map(
        lambda at: None if (block := opened_at(*at)) is None else _channel(at[0], block, spot.rank)
    )
    shown = [one for one in found if one is not None]
    high = max((float(np.abs(v).max()) for one in shown for v in one[2].values()), default=0.0)

    def draw(
        one: tuple[Side, tuple[str, int, dict[str, Float[np.ndarray, "h w"]]] | None],
    ) -> OpenedChannel | None:
        side, known = one
        if known is None:
            return None
        block, channel, parts = known
        height, width = parts["output"].shape
        row, column = min(int(y * height), height - 1), min(int(x * width), width - 1)
        return OpenedChannel(
            role=side.role,
            block=block,
            channel=channel,
            row=row,
            column=column,
            high=high or 1.0,
            tiles={part: _tile(v, high or 1.0, side_length) for part, v in parts.items()},
            formula=formula(block_parts(side, block), channel, row, column),
        )

    return comparison.sides.join(found).map(draw)


def formula(parts: BlockParts, channel: int, row: int, column: int) -> str:
    """One pixel in numbers: 4.166 + 3.749 = 7.915 → ReLU → 7.915."""
    at = (channel, row, column)
    branch, joined, output = (float(v[at]) for v in (parts.branch, parts.joined, parts.output))
    shortcut = None if parts.shortcut is None else float(parts.shortcut[at])
    digits = _digits(branch, shortcut or 0.0, joined)
    end = f"{joined:.{digits}f}"
    if parts.activation:
        end += f" → {parts.activation} → {output:.{digits}f}"
    if shortcut is None:
        return end.replace("-", "−")
    sign = "−" if shortcut < 0 else "+"
    return f"{branch:.{digits}f} {sign} {abs(shortcut):.{digits}f} = {end}".replace("-", "−")


def _digits(branch: float, shortcut: float, joined: float) -> int:
    """Decimals that show four digits, three or more; up to three more if the rest adds up then."""
    largest = max(map(abs, (branch, shortcut, joined)))
    least = min(9, 3 - math.floor(math.log10(largest))) if 0 < largest < 1 else 3

    def adds_up(digits: int) -> bool:
        gap = round(branch, digits) + round(shortcut, digits) - round(joined, digits)
        return abs(gap) < 0.5 * 0.1**digits

    return next((n for n in range(least, least + 4) if adds_up(n)), least)


def _channel(
    side: Side, block: str, rank: int
) -> tuple[str, int, dict[str, Float[np.ndarray, "h w"]]]:
    parts, order = block_parts(side, block), by_weight(side, block)
    channel = order[min(rank, len(order) - 1)]
    values = {"branch": parts.branch[channel], "output": parts.output[channel]}
    if parts.shortcut is not None:
        values |= {"shortcut": parts.shortcut[channel], "join": parts.joined[channel]}
    return block, channel, {part: values[part] for part in PARTS if part in values}


def _tile(
    values: Float[np.ndarray, "h w"], high: float, side_length: int
) -> UInt8[np.ndarray, "height width 4"]:
    colours = ColourRange(-high, high)
    return feature_grid(
        values[None], order=(0,), colour_range=colours, palette=Palette.DIVERGING,
        cell=side_length, columns=1,
    ).pixels  # fmt: skip
