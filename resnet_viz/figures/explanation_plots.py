"""Plots of explanations: maps over photographs, and faithfulness curves."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import ColouredPicture
from resnet_viz.figures.map_overlays import cam_row, overlay
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.figures.theme import ACCENT, STYLES, styled
from resnet_viz.records import ByLayer, Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.features import ActivationReached


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


def curves_figure(pair: Pair[ExplainedPicture], titles: Pair[str], text: Text) -> go.Figure:
    """Deletion (dashed) and insertion (solid) curves of both networks."""
    figure = go.Figure()
    for picture, title in pair.join(titles):
        for score in picture.scores:
            if score.name not in ("deletion", "insertion") or score.fractions is None:
                continue
            assert score.values is not None
            figure.add_scatter(
                x=[100 * float(share) for share in score.fractions],
                y=[float(value) for value in score.values],
                mode="lines",
                name=text("explain.curve", network=title, score=text(f"scores.{score.name}")),
                line={
                    "color": STYLES[picture.role].colour,
                    "dash": "dash" if score.name == "deletion" else "solid",
                },
            )
    figure.update_xaxes(title=text("explain.curve_x"), range=[0, 100])
    figure.update_yaxes(title=text("explain.curve_y"), range=[0, 1.02])
    return styled(figure, height=320)


def block_rows(
    pair: Pair[ExplainedPicture],
    maps: Pair[ByLayer[Float[np.ndarray, "batch h w"]]],
) -> Pair[ColouredPicture]:
    """One method's maps at every block as one picture per network, on one range from zero."""
    all_maps = [values for side in maps for values in side.values()]
    colours = ColourRange(0.0, ColourRange.of(*all_maps).high or 1.0)

    def draw(one: tuple[ExplainedPicture, ByLayer[np.ndarray]]) -> ColouredPicture:
        picture, side = one
        blocks = list(side)
        explanation = picture.explanation
        fused = () if explanation.fused is None else explanation.fused.layers
        selected = explanation.layer or (fused[0] if len(fused) == 1 else None)
        pixels = cam_row(
            [side[block][0] for block in blocks],
            picture.photo,
            [colours] * len(blocks),
            tile=96,
            opacity=0.55,
            columns=min(len(blocks), 9),
            selected=blocks.index(selected) if selected in blocks else None,
        )
        return ColouredPicture(picture.role, pixels, colours)

    return pair.join(maps).map(draw)


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
