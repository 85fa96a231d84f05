"""The channels that contribute most to a Grad-CAM, and the photographs that excite them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from jaxtyping import UInt8

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import percent, readable
from resnet_viz.core.text import Text
from resnet_viz.explain.channels.channel_shares import channel_shares
from resnet_viz.explain.channels.crop_images import crop_images
from resnet_viz.explain.channels.top_crops import receptive_field, top_crops
from resnet_viz.figures.map_overlays import boxed, enlarge_pixels
from resnet_viz.figures.palettes import ColourRange, colourise
from resnet_viz.figures.tile_wall import Tile, TileRow, wall_html
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.features import ChannelShare, Crop
from resnet_viz.records.map_facts import Fused
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.explain.explanation_jobs import submit_layer
from resnet_viz.ui.explain.maximise_panel import show_maximising
from resnet_viz.ui.explain.wall_tiles import WallSide
from resnet_viz.ui.frame.components.drawing import drawing
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.waiting import wait

_TOP, _CROPS = 4, 6
_TILE = 96  # pixels


@dataclass(frozen=True, eq=False)
class Photographs:
    """The images that excite some channels most, and among how many of which set they are."""

    crops: tuple[Crop, ...]
    data: str
    count: int


def show_channels(
    question: Question,
    sides: Pair[WallSide],
    picture: Picture,
    explained: Pair[ExplainedPicture],
    text: Text,
) -> None:
    """Show the strongest channels of both networks, each with the photographs that excite it."""
    st.markdown(f"**{text('explain_channels.title')}**")
    layers = sides.join(explained).map(lambda both: _layer(*both))
    shares = sides.join(explained.join(layers)).map(
        lambda one: _shares(one[0], picture, *one[1], text)
    )
    try:
        jobs = sides.join(layers.join(shares)).map(lambda one: _searched(one[0], *one[1]))
        label = text("explain_channels.searching")
        found = jobs.map(lambda job: None if job is None else wait(job, label))
    except ResnetVizError as error:
        show_error(error, text)
        found = Pair[Photographs | None](None, None)
    rows = sides.join(shares.join(found)).map(lambda one: _rows(one[0], *one[1], text))
    drawing(
        wall_html([row for both in zip(*rows, strict=False) for row in both], scrolls=True),
        key="channels",
    )
    for side, one, of_layer in zip(sides, explained.join(layers), shares.join(found), strict=True):
        _caption(side, *one, *of_layer, text)
    if not all(isinstance(side.loaded, LoadedNetwork) for side in sides):
        st.caption(text("explain_channels.own_only"))
    with st.expander(
        text("explain_channels.maximise"), key="maximise_open", on_change="rerun"
    ) as box:
        if box.open:
            _synthesise(question, sides, layers, shares, text)


def _layer(side: WallSide, explained: ExplainedPicture) -> str:
    """Return the explained layer: of several the last, for input methods the last block."""
    explanation = explained.explanation
    match explanation.fused:
        case Fused(layers=layers):
            return layers[-1]
    return explanation.layer or side.loaded.spec.blocks()[-1]


def _shares(
    side: WallSide, picture: Picture, explained: ExplainedPicture, layer: str, text: Text
) -> list[ChannelShare]:
    job = submit_layer(side.loaded, picture, layer, explained.target, explained.explanation.against)
    return channel_shares(wait(job, text("explain_channels.working")), layer)


def _searched(
    side: WallSide, layer: str, shares: Sequence[ChannelShare]
) -> Running[Photographs] | None:
    """Start looking for the photographs; None for a network that is not ours."""
    loaded = side.loaded
    if not isinstance(loaded, LoadedNetwork):
        return None
    channels = tuple(one.channel for one in shares[:_TOP])

    def work() -> Photographs:
        images = crop_images(loaded)
        steps = top_crops(loaded, images.pixels, images.labels, layer, list(channels), count=_CROPS)
        crops = next(one for one in steps if isinstance(one, list))
        return Photographs(tuple(crops), images.name, len(images.labels))

    return results().compute(("crops", loaded.digest, layer, channels), work, _bytes)


def _bytes(found: Photographs) -> int:
    return sum(crop.pixels.nbytes for crop in found.crops)


def _rows(
    side: WallSide, shares: Sequence[ChannelShare], found: Photographs | None, text: Text
) -> list[TileRow]:
    """Return a row for each channel: its activation on the picture, then photographs."""
    top = shares[:_TOP]
    colours = ColourRange.of(*[one.map for one in top])
    rows = []
    for one in top:
        title = text("explain_channels.share", channel=one.channel, share=percent(one.share))
        pixels = _enlarged(colourise(one.map, colours))
        own = Tile(
            name=text("explain_channels.on_picture"),
            pixels=pixels,
            about=text("explain_channels.map_alt", channel=one.channel),
            source=data_uri(pixels),
        )
        crops = () if found is None else found.crops
        tiles = [own, *(_crop(crop, text) for crop in crops if crop.channel == one.channel)]
        rows.append(TileRow(side.role, title, tuple(tiles)))
    return rows


def _crop(crop: Crop, text: Text) -> Tile:
    label = class_label(crop.label, text)
    factor = max(1, _TILE // max(crop.pixels.shape[:2]))
    pixels = boxed(_enlarged(crop.pixels), [factor * edge for edge in crop.box])
    return Tile(
        name=label,
        pixels=pixels,
        note=readable(crop.value, 2),
        about=text("explain_channels.crop_alt", label=label),
        source=data_uri(pixels),
    )


def _enlarged(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "tall wide 3"]:
    return enlarge_pixels(pixels, max(1, _TILE // max(pixels.shape[:2])))


def _caption(
    side: WallSide,
    explained: ExplainedPicture,
    layer: str,
    shares: Sequence[ChannelShare],
    found: Photographs | None,
    text: Text,
) -> None:
    words = text(
        "explain_channels.caption",
        network=md_escape(side.title),
        count=min(_TOP, len(shares)),
        all=len(shares),
        share=percent(sum(one.share for one in shares[:_TOP])),
        layer=md_escape(layer),
        target=md_escape(class_label(explained.target_label, text)),
    )
    if found is not None and isinstance(side.loaded, LoadedNetwork):
        field, _ = receptive_field(side.loaded.spec, layer)
        data = text(f"explain_channels.data_{found.data}")
        words += " " + text(
            "explain_channels.crops_caption", count=found.count, data=data, side=field
        )
    st.caption(words)


def _synthesise(
    question: Question,
    sides: Pair[WallSide],
    layers: Pair[str],
    shares: Pair[list[ChannelShare]],
    text: Text,
) -> None:
    """Ask for a network and one of its channels, and make a picture that excites it."""
    own = {
        side.role: (number, side, layer, of_layer)
        for number, (side, layer, of_layer) in enumerate(zip(sides, layers, shares, strict=True))
        if isinstance(side.loaded, LoadedNetwork)
    }
    if not own:
        return
    left, right = st.columns(2)
    first = next(iter(own))
    role = left.selectbox(
        text("explain_channels.network"),
        list(own),
        format_func=lambda one: own[one][1].title,
        key=f"channels_side_{first}",
    )
    number, side, layer, of_layer = own[role or first]
    channel = right.selectbox(
        text("explain_channels.channel"),
        [one.channel for one in of_layer],
        key=f"channel_{layer}_{side.role}",
        help=text("explain_channels.channel_help"),
    )
    if channel is not None and isinstance(side.loaded, LoadedNetwork):
        show_maximising(question, number, side.loaded, layer, channel, text)
