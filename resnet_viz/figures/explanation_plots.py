"""Pictures of explanations: maps over photographs, and of every block."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import ColouredPicture
from resnet_viz.figures.evidence import evidence, evidence_top, grey_ground, thumbnail
from resnet_viz.figures.map_overlays import overlay
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.figures.theme import ACCENT, styled
from resnet_viz.records import ByLayer, Pair, counterpart
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.features import ActivationReached

_TILE = 96  # pixels


def map_palette(explanation: Explanation) -> Palette:
    """Diverging if negative values have a meaning, otherwise sequential."""
    return Palette.DIVERGING if explanation.signed else Palette.INFERNO


def map_range(explanations: Sequence[Explanation]) -> ColourRange:
    """One range for all maps, from zero, or symmetric around zero if values can be negative."""
    values = ColourRange.of(*[explanation.map for explanation in explanations])
    top = max(abs(values.low), abs(values.high)) or 1.0
    return ColourRange(-top if any(e.signed for e in explanations) else 0.0, top)


def map_overlay(
    picture: ExplainedPicture, colours: ColourRange, *, opacity: float
) -> ColouredPicture:
    """The map over the photograph."""
    explanation = picture.explanation
    pixels = overlay(
        picture.photo,
        explanation.map,
        colours,
        opacity=opacity,
        palette=map_palette(explanation),
    )
    return ColouredPicture(picture.role, pixels, colours)


def block_tiles(
    pair: Pair[ExplainedPicture],
    maps: Pair[ByLayer[Float[np.ndarray, "batch h w"]]],
) -> Pair[list[UInt8[np.ndarray, "side side 3"]]]:
    """One method's maps at every block as evidence on the grey photograph.

    A block shares its scale with the other network's block in its place. One scale for all blocks
    would leave most of them without colour.
    """
    blocks = maps.map(list)
    there = Pair(
        [counterpart(block, blocks.first, blocks.second) for block in blocks.first],
        [counterpart(block, blocks.second, blocks.first) for block in blocks.second],
    )
    others = Pair(maps.second, maps.first)
    grounds = pair.map(lambda one: grey_ground(thumbnail(one.photo, _TILE)))

    def draw(
        one: tuple[tuple[np.ndarray, ByLayer[np.ndarray]], tuple[list[str], ByLayer[np.ndarray]]],
    ) -> list[UInt8[np.ndarray, "side side 3"]]:
        (ground, ours), (across, theirs) = one
        both = zip(ours.values(), across, strict=True)
        return [
            evidence(ground, own[0], evidence_top([own[0], theirs[name][0]])) for own, name in both
        ]

    return grounds.join(maps).join(there.join(others)).map(draw)


def ascent_figure(steps: Sequence[ActivationReached], text: Text) -> go.Figure:
    """The channel's activation at every step of a maximisation."""
    figure = go.Figure()
    figure.add_scatter(
        x=[one.step for one in steps],
        y=[one.activation for one in steps],
        mode="lines",
        line={"color": ACCENT},
    )
    figure.update_xaxes(title=text("explain_channels.step_axis"))
    figure.update_yaxes(title=text("explain_channels.activation_axis"))
    return styled(figure, height=300)
