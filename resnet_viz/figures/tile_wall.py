"""Rows of equal small pictures with a line of words each, for both networks.

``wall_html`` is drawn by the component ``drawing``: a tile with ``picks`` can be clicked, and tiles
that pick the same light up together. ``wall_picture`` is the same as pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role

_SIDE, _GAP, _LINE, _TITLE = 112, 8, 15, 24  # pixels of the picture
_INK, _PAPER, _EMPTY = (30, 34, 42), (255, 255, 255), (232, 234, 238)


@dataclass(frozen=True, eq=False)
class Tile:
    """One small picture.

    Without ``pixels`` there is an empty place with ``waiting`` in its middle. ``about`` is said
    when the pointer rests on it.
    """

    name: str
    pixels: UInt8[np.ndarray, "side side 3"] | None
    note: str = ""
    about: str = ""
    waiting: str = ""
    picks: str = ""
    source: str = ""  # the pixels as a data URI


@dataclass(frozen=True, eq=False)
class TileRow:
    """The tiles of one network under a title."""

    role: Role
    title: str
    tiles: tuple[Tile, ...]


def wall_html(rows: Sequence[TileRow], *, selected: str = "", scrolls: bool = False) -> str:
    """The rows as HTML, two in a line; ``scrolls`` puts the tiles of each in one scrolling line."""
    tiles = "tiles line" if scrolls else "tiles"
    return f'<div class="wall">{"".join(_section(row, selected, tiles) for row in rows)}</div>'


def _section(row: TileRow, selected: str, kind: str) -> str:
    style = STYLES[row.role]
    tiles = "".join(_tile(tile, selected) for tile in row.tiles)
    return (
        f'<section style="--role: {style.colour}"><p><b>{style.glyph}</b> '
        f'{escape(row.title)}</p><div class="{kind}">{tiles}</div></section>'
    )


def _tile(tile: Tile, selected: str) -> str:
    about = escape(tile.about or tile.name, quote=True)
    name = escape(tile.name)
    picture = (
        f'<img src="{escape(tile.source, quote=True)}" alt="{about}">'
        if tile.source
        else f'<div class="empty">{escape(tile.waiting)}</div>'
    )
    note = f"<i>{escape(tile.note)}</i>" if tile.note else ""
    inside = f"{picture}<span>{name}</span>{note}"
    if not tile.picks:
        return f'<div class="tile" title="{about}">{inside}</div>'
    chosen = str(tile.picks == selected).lower()
    return (
        f'<button class="tile" type="button" title="{about}" '
        f'data-pick="{escape(tile.picks, quote=True)}" aria-pressed="{chosen}">{inside}</button>'
    )


def wall_picture(rows: Sequence[TileRow], *, columns: int) -> UInt8[np.ndarray, "tall wide 3"]:
    """The rows below each other, ``columns`` tiles in a line, with names and notes.

    Words must be in Latin letters, which the font that comes with Pillow has.
    """
    cell, line = _SIDE + _GAP, _SIDE + 2 * _LINE + _GAP
    lines = [-(-len(row.tiles) // columns) for row in rows]
    height = sum(_TITLE + count * line for count in lines) + _GAP
    sheet = Image.new("RGB", (columns * cell + _GAP, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    top = _GAP
    for row, count in zip(rows, lines, strict=True):
        pen.rectangle((_GAP, top + 3, _GAP + 9, top + 12), fill=STYLES[row.role].colour)
        pen.text((_GAP + 16, top), row.title, fill=_INK, font=_font(13))
        for number, tile in enumerate(row.tiles):
            left = _GAP + number % columns * cell
            _draw_tile(sheet, pen, tile, (left, top + _TITLE + number // columns * line))
        top += _TITLE + count * line
    return np.asarray(sheet)


def _draw_tile(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, at: tuple[int, int]
) -> None:
    left, top = at
    if tile.pixels is None:
        pen.rectangle((left, top, left + _SIDE - 1, top + _SIDE - 1), fill=_EMPTY)
        pen.text((left + 6, top + _SIDE // 2 - 7), tile.waiting, fill=_INK, font=_font(11))
    else:
        small = Image.fromarray(tile.pixels).resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
        sheet.paste(small, at)
    pen.text((left, top + _SIDE + 1), tile.name, fill=_INK, font=_font(11))
    pen.text((left, top + _SIDE + 1 + _LINE), tile.note, fill=_INK, font=_font(11))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
