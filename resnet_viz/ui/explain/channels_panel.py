"""The channels that contribute most to a Grad-CAM, and what activates them."""

from collections.abc import Sequence

import streamlit as st

from resnet_viz.checkpoints.loaded import Loaded, LoadedNetwork
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.explain.channels.channel_shares import channel_shares
from resnet_viz.explain.channels.crop_images import crop_images
from resnet_viz.explain.channels.top_crops import receptive_field, top_crops
from resnet_viz.figures.map_overlays import boxed, enlarge_pixels
from resnet_viz.figures.palettes import ColourRange, colourise
from resnet_viz.jobs.job import Running
from resnet_viz.pictures.decode import Picture
from resnet_viz.records import Pair, Role
from resnet_viz.records.explained_picture import ExplainedPicture
from resnet_viz.records.features import ChannelShare, Crop
from resnet_viz.records.map_facts import Fused
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.explain.explanation_jobs import submit_layer
from resnet_viz.ui.explain.maximise_panel import show_maximising
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.words import class_label, md_escape
from resnet_viz.ui.running.waiting import wait

_TOP, _CROPS = 8, 8
_TILE = 112  # pixels


def show_channels(
    question: Question,
    picture: Picture,
    pair: Pair[Loaded],
    explained: Pair[ExplainedPicture],
    titles: Pair[str],
    text: Text,
) -> None:
    """Show the channels of one network's explained layer."""
    sides = {side.role: (side, loaded, title) for (side, loaded), title in
             explained.join(pair).join(titles)}  # fmt: skip
    first = explained.first.role
    chosen = st.segmented_control(
        text("explain_channels.network"),
        list(sides),
        default=first,
        format_func=lambda role: sides[role][2],
        key=f"channels_side_{first}",
        required=True,
    )
    role = Role(chosen or first)
    side, loaded, _ = sides[role]
    layer = _layer(side, loaded)
    analysis = wait(
        submit_layer(loaded, picture, layer, side.target, side.explanation.against),
        text("explain_channels.working"),
    )
    shares = channel_shares(analysis, layer)
    _shares(shares, layer, class_label(side.target_label, text), text)
    if not isinstance(loaded, LoadedNetwork):
        st.info(text("explain_channels.own_only"))
        return
    channel = st.selectbox(
        text("explain_channels.channel"),
        [one.channel for one in shares],
        key=f"channel_{layer}_{role}",
        help=text("explain_channels.channel_help"),
    )
    if channel is not None:
        _crops(loaded, layer, channel, text)
        show_maximising(question, int(role != first), loaded, layer, channel, text)


def _layer(explained: ExplainedPicture, loaded: Loaded) -> str:
    """Return the explained layer: of several the last, for input methods the last block."""
    explanation = explained.explanation
    match explanation.fused:
        case Fused(layers=layers):
            return layers[-1]
    return explanation.layer or loaded.spec.blocks()[-1]


def _shares(shares: Sequence[ChannelShare], layer: str, target: str, text: Text) -> None:
    top = shares[:_TOP]
    colours = ColourRange.of(*[one.map for one in top])
    for start in (0, _TOP // 2):
        for column, one in zip(st.columns(_TOP // 2), top[start : start + _TOP // 2], strict=False):
            pixels = colourise(one.map, colours)
            column.image(
                enlarge_pixels(pixels, max(1, _TILE // max(pixels.shape[:2]))),
                width="stretch",
                alt=text("explain_channels.map_alt", channel=one.channel),
            )
            column.caption(
                text(
                    "explain_channels.share",
                    channel=one.channel,
                    weight=readable(one.weight),
                    share=f"{100 * one.share:.1f}",
                )
            )
    total = sum(one.share for one in top)
    st.caption(
        text(
            "explain_channels.caption",
            count=len(top),
            all=len(shares),
            share=f"{100 * total:.0f}",
            layer=md_escape(layer),
            target=md_escape(target),
            low=readable(colours.low),
            high=readable(colours.high),
        )
    )


def _crops(loaded: LoadedNetwork, layer: str, channel: int, text: Text) -> None:
    try:
        crops, name, count = wait(
            _submit_crops(loaded, layer, channel), text("explain_channels.searching")
        )
    except ResnetVizError as error:
        show_error(error, text)
        return
    side, _ = receptive_field(loaded.spec, layer)
    for start in (0, _CROPS // 2):
        part = crops[start : start + _CROPS // 2]
        for column, crop in zip(st.columns(_CROPS // 2), part, strict=False):
            label = class_label(crop.label, text)
            factor = max(1, _TILE // max(crop.pixels.shape[:2]))
            column.image(
                boxed(enlarge_pixels(crop.pixels, factor), [factor * edge for edge in crop.box]),
                width="stretch",
                alt=text("explain_channels.crop_alt", label=label),
            )
            column.caption(
                text("explain_channels.crop", label=md_escape(label), value=readable(crop.value))
            )
    data = text(f"explain_channels.data_{name}")
    st.caption(
        text("explain_channels.crops_caption", count=count, data=data, channel=channel, side=side)
    )


def _submit_crops(
    loaded: LoadedNetwork, layer: str, channel: int
) -> Running[tuple[list[Crop], str, int]]:
    def work() -> tuple[list[Crop], str, int]:
        images = crop_images(loaded)
        steps = top_crops(loaded, images.pixels, images.labels, layer, [channel], count=_CROPS)
        crops = next(one for one in steps if isinstance(one, list))
        return crops, images.name, len(images.labels)

    key = ("crops", loaded.digest, layer, channel)
    return results().compute(
        key, work, lambda result: sum(crop.pixels.nbytes for crop in result[0])
    )
