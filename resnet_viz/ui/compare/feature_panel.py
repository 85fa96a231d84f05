"""Feature maps of the selected layer: one picture per network, and one channel enlarged."""

from collections.abc import Sequence

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import full_titles, short_titles
from resnet_viz.figures.grids import (
    ChannelOrder,
    FeatureGrid,
    channel_at,
    channel_order,
    feature_grid,
    statistics,
    with_frame,
)
from resnet_viz.figures.map_overlays import enlarge_pixels, with_pixel
from resnet_viz.figures.opened_block import pixel_of
from resnet_viz.figures.palettes import ColourRange, colourise
from resnet_viz.records import Comparison, Role, Side
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.compare.selection import Selection
from resnet_viz.ui.frame.components.clickable_picture import Point, picture
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.session import OWN_SCALE, RANK
from resnet_viz.ui.frame.words import md_escape

_CHANNELS, _COLUMNS = 64, 8


def show_features(
    question: Question, comparison: Comparison, selection: Selection, text: Text
) -> None:
    """Show the panel "Feature maps"."""
    order = ChannelOrder(
        st.segmented_control(
            text("features.order"),
            list(ChannelOrder),
            default=ChannelOrder.CAM_WEIGHT.value,
            format_func=lambda name: text(f"features.order_{name}"),
            key="channel_order",
            required=True,
            persist_state="page",
        )
        or ChannelOrder.CAM_WEIGHT
    )
    own = OWN_SCALE.get()
    pixel = pixel_of(comparison, selection.layer, selection.spot)
    sides = comparison.sides.join(comparison.layers_at(selection.layer))
    shared = ColourRange.of(*[side.analysis.features[name][0] for side, name in sides])
    titles = full_titles(comparison, text).join(short_titles(comparison, text))
    for column, ((side, name), (title, network)) in zip(
        st.columns(2), sides.join(titles), strict=True
    ):
        with column:
            feature = side.analysis.features[name][0]
            colours = ColourRange.of(feature) if own else shared
            weights = side.analysis.cam_weights[name][0]
            ranked = channel_order(feature, ChannelOrder.CAM_WEIGHT, weights)
            grid = feature_grid(
                feature,
                order=channel_order(feature, order, weights)[:_CHANNELS],
                colour_range=colours,
                cell=64,
                columns=_COLUMNS,
            )
            channel = ranked[min(selection.spot.rank, len(ranked) - 1)]
            st.markdown(f"**{md_escape(title)}**")
            _grid(
                side.role, grid, channel, ranked, text("features.alt", network=network, layer=name)
            )
            _sizes(side, name, grid, text)
            _channel(side, name, channel, colours, pixel, network, text)


def _grid(role: Role, grid: FeatureGrid, chosen: int, ranked: Sequence[int], alt: str) -> None:
    """Show the grid with the chosen channel framed; a click chooses the channel's rank."""

    def pick(point: Point) -> None:
        channel = channel_at(grid, point.x, point.y)
        if channel is not None:
            RANK.set(ranked.index(channel))

    picture(
        data_uri(with_frame(grid, chosen)),
        alt=alt,
        key=f"grid_{role}",
        on_pick=pick,
    )


def _sizes(side: Side, layer: str, grid: FeatureGrid, text: Text) -> None:
    feature = side.analysis.features[layer][0]
    count, overall = len(feature), statistics(feature)
    st.caption(
        text(
            "features.caption",
            shown=len(grid.order),
            channels=count,
            size="x".join(map(str, feature.shape[1:])),
            low=readable(overall.minimum),
            high=readable(overall.maximum),
            mean=readable(overall.mean),
            zeros=f"{overall.zeros:.0%}",
            dead=len(grid.dead),
        )
    )


def _channel(
    side: Side,
    layer: str,
    channel: int,
    colours: ColourRange,
    pixel: tuple[float, float],
    network: str,
    text: Text,
) -> None:
    """Show one channel enlarged, with the selected pixel outlined."""
    one = side.analysis.features[layer][0, channel]
    pixels = colourise(one, colours)
    factor = max(1, 224 // max(pixels.shape[:2]))
    st.image(
        with_pixel(enlarge_pixels(pixels, factor), pixel, one.shape),
        alt=text("features.channel_alt", network=network, channel=channel),
    )
    values = statistics(one)
    weight = float(side.analysis.cam_weights[layer][0, channel])
    st.caption(
        text(
            "features.channel",
            channel=channel,
            low=readable(values.minimum),
            high=readable(values.maximum),
            mean=readable(values.mean),
            zeros=f"{values.zeros:.0%}",
            weight=readable(weight),
        )
    )
