"""Inside a block: F(x), x, their sum and the output, and one pixel in numbers."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from jaxtyping import Float

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import (
    BlockParts,
    block_parts,
    full_titles,
    has_parts,
    short_titles,
)
from resnet_viz.figures.grids import ChannelOrder, FeatureGrid, channel_order, feature_grid
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.records import Comparison, Side
from resnet_viz.spec.layer_names import block_of
from resnet_viz.ui.choose.question import Question
from resnet_viz.ui.frame.components.clickable_picture import Point, picture
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.session import PIXEL
from resnet_viz.ui.frame.words import md_escape

_CHANNELS, _COLUMNS = 16, 4


@dataclass(frozen=True)
class Pixel:
    """The selected value: its position among the shown channels, and in the map."""

    place: int
    row: int
    column: int


@dataclass(frozen=True)
class OpenedBlock:
    """A block of a network with its parts."""

    side: Side
    name: str
    parts: BlockParts


def show_block(question: Question, comparison: Comparison, layer: str, text: Text) -> None:
    """Show the panel "Inside the block"."""
    opened = comparison.sides.join(comparison.layers_at(layer)).map(_opened)
    known = [block for block in opened if block is not None]
    if not known:
        st.info(text("block.empty", layer=md_escape(layer)))
        return
    highest = max(_highest(block.parts) for block in known)
    titles = full_titles(comparison, text).join(short_titles(comparison, text))
    for block, (title, name) in opened.join(titles):
        st.markdown(f"**{md_escape(title)}**")
        if block is None:
            st.caption(text("block.zoo"))
            continue
        st.caption(text("block.caption", block=md_escape(block.name)))
        _row(block, name, ColourRange(-highest, highest), text)


def _opened(at: tuple[Side, str]) -> OpenedBlock | None:
    """Return the block that contains a layer; None if its parts are not known."""
    side, layer = at
    block = block_of(layer, side.spec.blocks())
    if block is None or not has_parts(side, block):
        return None
    return OpenedBlock(side, block, block_parts(side, block))


def _highest(parts: BlockParts) -> float:
    shown = [parts.branch, parts.joined, *([] if parts.shortcut is None else [parts.shortcut])]
    return max(float(np.abs(values).max()) for values in shown) or 1.0


def _row(block: OpenedBlock, network: str, colours: ColourRange, text: Text) -> None:
    parts = block.parts
    weights = block.side.analysis.cam_weights[block.name][0]
    order = channel_order(parts.output, ChannelOrder.CAM_WEIGHT, weights)[:_CHANNELS]

    def draw(values: Float[np.ndarray, "c h w"]) -> FeatureGrid:
        return feature_grid(
            values,
            order=order,
            colour_range=colours,
            palette=Palette.DIVERGING,
            cell=48,
            columns=_COLUMNS,
        )

    first = draw(parts.output)
    pixel = _selected_pixel(parts.output, first)
    values = {
        "branch": parts.branch,
        "shortcut": parts.shortcut,
        "join": parts.joined if parts.shortcut is not None else None,
        "output": parts.output,
    }
    signs = {
        "branch": "",
        "shortcut": "+",
        "join": "=",
        "output": "ReLU →" if parts.activated else "→",
    }
    for column, (part, value) in zip(st.columns(4), values.items(), strict=True):
        with column:
            st.markdown(md_escape(f"{signs[part]} {text(f'block.{part}')}".strip()))
            if value is None:
                st.caption(text(f"block.no_{part}"))
            else:
                grid = first if part == "output" else draw(value)
                alt = text(
                    "block.alt",
                    part=text(f"block.{part}"),
                    block=block.name,
                    network=network,
                )
                _part(f"part_{block.side.role}_{part}", alt, grid, value, pixel)
    st.markdown(f"`{_formula(parts, first.order[pixel.place], pixel)}`")
    st.caption(
        text(
            "block.identity",
            formula=parts.formula,
            channel=first.order[pixel.place],
            row=pixel.row,
            column=pixel.column,
            error=f"{parts.error:.2g}",
        )
    )


def _part(
    key: str,
    alt: str,
    grid: FeatureGrid,
    value: Float[np.ndarray, "c h w"],
    pixel: Pixel,
) -> None:
    height, width = value.shape[1:]
    rows = grid.rows

    def pick(point: Point) -> None:
        across, down = point.x * grid.columns, point.y * rows
        place = int(down) * grid.columns + int(across)
        if place < len(grid.order):
            PIXEL.set(Pixel(place, int(down % 1 * height), int(across % 1 * width)))

    place_row, place_column = divmod(pixel.place, grid.columns)
    picture(
        data_uri(grid.pixels),
        alt=alt,
        key=key,
        on_pick=pick,
        at=Point(
            (place_column + (pixel.column + 0.5) / width) / grid.columns,
            (place_row + (pixel.row + 0.5) / height) / rows,
        ),
        step=Point(1 / width / grid.columns, 1 / height / rows),
    )


def _selected_pixel(output: Float[np.ndarray, "c h w"], grid: FeatureGrid) -> Pixel:
    """Return the selected pixel if it still exists, else the strongest one."""
    height, width = output.shape[1:]
    chosen = PIXEL.get()
    fits = isinstance(chosen, Pixel) and chosen.place < len(grid.order)
    if isinstance(chosen, Pixel) and fits and chosen.row < height and chosen.column < width:
        return chosen
    row, column = divmod(int(output[grid.order[0]].argmax()), width)
    return Pixel(0, row, column)


def _formula(parts: BlockParts, channel: int, pixel: Pixel) -> str:
    at = (channel, pixel.row, pixel.column)
    branch, joined, output = (float(v[at]) for v in (parts.branch, parts.joined, parts.output))
    end = f"{joined:.3f}" + (f" -> ReLU -> {output:.3f}" if parts.activated else "")
    if parts.shortcut is None:
        return end
    shortcut = float(parts.shortcut[at])
    sign = "-" if shortcut < 0 else "+"
    return f"{branch:.3f} {sign} {abs(shortcut):.3f} = {end}"
