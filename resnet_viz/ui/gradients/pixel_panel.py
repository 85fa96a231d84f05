"""One pixel of one block: F(x), x, sum and output as pictures, and the formulas in numbers."""

from collections.abc import Hashable

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.grids import feature_grid
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.records import BlockValues, PixelFormula
from resnet_viz.ui.frame.components.clickable_picture import Point, picture
from resnet_viz.ui.frame.media import data_uri
from resnet_viz.ui.frame.session import FORMULA_PLACE, FORMULA_PLACE_OF
from resnet_viz.ui.frame.words import md_escape

_CELL = 220  # pixels
_MOST_TERMS = 8  # of a sum that is written out
_PLACE = ("channel", "row", "column")


def show_pixel(values: BlockValues, of: Hashable, text: Text) -> None:
    """Show fields for the position, clickable pictures, and three formulas.

    ``of`` tells one block on one picture from another: each starts at its most telling pixel.
    """
    if FORMULA_PLACE_OF.get() != of:
        FORMULA_PLACE_OF.set(of)
        for name, index in zip(_PLACE, values.telling, strict=True):
            FORMULA_PLACE[name].set(index)
    place = _ask_place(values, text)
    telling = place == values.telling and values.cuts.any()
    st.caption(" ".join([text("formulas.pixel_help"),
                         *([text("formulas.pixel_telling")] if telling else [])]))  # fmt: skip
    parts = {"branch": values.branch, "shortcut": values.shortcut, "join": values.join,
             "output": values.output}  # fmt: skip
    highest = max(float(abs(part[place[0]]).max()) for part in parts.values()) or 1.0
    signs = {"branch": "", "shortcut": "+ ", "join": "= ", "output": "→ "}
    for column, (name, part) in zip(st.columns(4), parts.items(), strict=True):
        with column:
            st.markdown(md_escape(f"{signs[name]}{text(f'formulas.part_{name}')}"))
            grid = feature_grid(
                part, order=(place[0],), colour_range=ColourRange(-highest, highest),
                palette=Palette.DIVERGING, cell=_CELL, columns=1,
            )  # fmt: skip
            _picture(name, data_uri(grid.pixels), part.shape[1:], place, text)
    _write(PixelFormula.at(values, *place), values.chain, text)


def _ask_place(values: BlockValues, text: Text) -> tuple[int, int, int]:
    """Ask for channel, row and column."""
    chosen = []
    for column, name, count in zip(st.columns(3), _PLACE, values.output.shape, strict=True):
        chosen.append(int(column.number_input(
            text(f"formulas.{name}"), 0, count - 1, step=1, key=FORMULA_PLACE[name].name,
            persist_state="session",
        )))  # fmt: skip
    return chosen[0], chosen[1], chosen[2]


def _picture(
    name: str, source: str, size: tuple[int, ...], place: tuple[int, int, int], text: Text
) -> None:
    height, width = size

    def pick(point: Point) -> None:
        FORMULA_PLACE["row"].set(int(point.y * height))
        FORMULA_PLACE["column"].set(int(point.x * width))

    picture(
        source,
        alt=text(f"formulas.part_{name}"),
        key=f"formula_{name}",
        on_pick=pick,
        at=Point((place[2] + 0.5) / width, (place[1] + 0.5) / height),
        step=Point(1 / width, 1 / height),
    )


def _write(pixel: PixelFormula, chain: tuple[str, ...], text: Text) -> None:
    end = rf"\;\xrightarrow{{\mathrm{{ReLU}}}}\; {_tex(pixel.output)}" if pixel.activated else ""
    st.latex(
        rf"y = F(x) + x = {_tex(pixel.branch)} {_signed(pixel.shortcut)} = {_tex(pixel.join)}{end}"
    )
    st.caption(text("formulas.pixel_exact" if pixel.exact else "formulas.pixel_rounded"))
    terms = [_tex(pixel.start), *map(_signed, pixel.branches)]
    st.latex(rf"x_0 + \sum F = {_sum(terms)} = {_tex(pixel.telescope)}")
    cuts = {name: cut for name, cut in zip(chain, pixel.cuts, strict=True) if cut}
    if not cuts:
        st.caption(text("formulas.pixel_sum", output=readable(pixel.output, 5)))
    else:
        terms = [_tex(pixel.telescope), *map(_signed, cuts.values())]
        st.latex(rf"x_0 + \sum \left(F + \mathrm{{ReLU}}(-y)\right) = {_sum(terms)} = "
                 rf"{_tex(pixel.telescope + sum(cuts.values()))}")  # fmt: skip
        st.caption(
            text(
                "formulas.pixel_cut",
                gap=readable(abs(pixel.telescope - pixel.output), 2),
                blocks=", ".join(cuts),
                output=readable(pixel.output, 5),
            )
        )
    if pixel.gradient is None:
        st.caption(text("formulas.pixel_shape"))
        return
    around, through, total = pixel.gradient
    st.latex(
        r"\frac{\partial L}{\partial x} = "
        rf"{_tex(around)} {_signed(through)} = {_tex(around + through)}"
    )
    st.caption(text("formulas.pixel_gradient", total=readable(total, 4)))


def _sum(terms: list[str]) -> str:
    """The terms of a sum, with dots in the middle of a long one."""
    if len(terms) > _MOST_TERMS:
        terms = [*terms[:4], r"+ \dots", *terms[-3:]]
    return " ".join(terms)


def _tex(value: float) -> str:
    """Format five digits; small numbers as powers of ten."""
    digits, mark, power = f"{value:.5g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if mark else digits


def _signed(value: float) -> str:
    return ("- " if value < 0 else "+ ") + _tex(abs(value))
