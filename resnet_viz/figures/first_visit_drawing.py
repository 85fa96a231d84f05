"""The first page's figure: a block, and how far signal and gradient get in three depths.

``first_visit_html`` is the figure as it stands; ``first_visit_states`` is what changes with the
strength of the shortcuts. A script only exchanges the parts, so both show the same.
"""

from collections.abc import Iterator, Sequence
from html import escape
from math import log10

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.number_format import percent, readable
from resnet_viz.core.text import Text
from resnet_viz.figures.block_drawing import arc_opacity, block_svgs, sum_and_output
from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role
from resnet_viz.records.first_visit import DepthSeries, FirstVisit

_DEAD = -6.0  # power of ten that is drawn as nothing
_QUANTITIES = ("signal", "gradient")


def first_visit_html(visit: FirstVisit, photo: str, text: Text) -> tuple[str, str]:
    """Draw both halves of the figure, block and bars, with whole shortcuts.

    ``photo`` is the name of the photograph.
    """
    last = len(visit.block.strengths) - 1
    groups = "".join(_group(visit, quantity, last, text) for quantity in _QUANTITIES)
    drawing = block_svgs(visit.block, visit.block.strengths[last], photo, text)
    return drawing, f'<div class="ways">{groups}</div>'


def first_visit_states(visit: FirstVisit, photo: str, text: Text) -> list[JsonObject]:
    """Return what changes in the figure, for each strength from 0 to 1."""
    return [_state(visit, at, photo, text) for at in range(len(visit.block.strengths))]


def facts(visit: FirstVisit, text: Text) -> str:
    """Two sentences with numbers: what arrives in the deepest network, and what training gains."""
    deep = visit.depths[-1]
    sentences = [
        text(
            "first.fact_signal",
            depth=deep.depth,
            without=readable(deep.signal[0][-1], 2),
            share=readable(deep.signal[-1][-1], 2),
        )
    ]
    if visit.pair is not None:
        sentences.append(
            text(
                "first.fact_training",
                epochs=visit.pair.epochs,
                depth=visit.pair.depth,
                plain=percent(visit.pair.plain_error),
                residual=percent(visit.pair.residual_error),
            )
        )
    return " ".join(sentences)


def _state(visit: FirstVisit, at: int, photo: str, text: Text) -> JsonObject:
    block = visit.block
    strength = block.strengths[at]
    joined, output = sum_and_output(block, strength)
    ways = [(series, quantity) for quantity in _QUANTITIES for series in visit.depths]
    return {
        "sum": joined,
        "output": output,
        "arc": arc_opacity(strength),
        "strength": f"{strength:.1f}",
        "colour": _colour(strength),
        "cells": [_brightness(_values(series, quantity, at)) for series, quantity in ways],
        "ends": [_end(series, quantity, at, text) for series, quantity in ways],
        "said": text(
            "first.said",
            network=text("names.residual", depth=block.network.removeprefix("resnet")),
            strength=f"{strength:.1f}",
            accuracy=percent(block.accuracy[at]),
            images=f"{block.images:,}",
            photo=photo,
            label=text(f"classes.{block.answers[at]}"),
            share=percent(block.shares[at]),
        ),
    }


def _group(visit: FirstVisit, quantity: str, at: int, text: Text) -> str:
    rows = "".join(_row(visit, series, quantity, at, text) for series in visit.depths)
    term = "activation" if quantity == "signal" else "gradient_norm"
    heading = f'<h4 data-term="{term}">{escape(text(f"first.{quantity}"))}</h4>'
    return f'<div class="way">{heading}{rows}</div>'


def _row(visit: FirstVisit, series: DepthSeries, quantity: str, at: int, text: Text) -> str:
    cells = _brightness(_values(series, quantity, at))
    drawn = "".join(
        f'<rect x="{place}" y="0" width="0.86" height="1" fill-opacity="{cell}"/>'
        for place, cell in enumerate(cells)
    )
    colour = _colour(visit.block.strengths[at])
    return (
        f'<div class="row"><span>{escape(text("first.depth", depth=series.depth))}</span>'
        f'<svg class="cells" aria-hidden="true" viewBox="0 0 {len(cells)} 1" '
        f'preserveAspectRatio="none" fill="{colour}">{drawn}</svg>'
        f'<span class="end">{escape(_end(series, quantity, at, text))}</span></div>'
    )


def _values(series: DepthSeries, quantity: str, at: int) -> Sequence[float]:
    return series.signal[at] if quantity == "signal" else series.gradient[at]


def _end(series: DepthSeries, quantity: str, at: int, text: Text) -> str:
    """Say what arrives: of the signal at the last block, of the gradient at the first layer."""
    values = _values(series, quantity, at)
    return text("first.arrives", factor=readable(values[-1 if quantity == "signal" else 0], 2))


def _brightness(values: Sequence[float]) -> list[float]:
    """From 1 for all of it, or more, down to almost nothing, by powers of ten."""

    def shares() -> Iterator[float]:
        for value in values:
            power = log10(value) if value > 0 else _DEAD
            yield round(min(1.0, max(0.05, 1 - power / _DEAD)), 2)

    return list(shares())


def _colour(strength: float) -> str:
    """From the colour of plain networks to that of residual ones."""
    ends = [STYLES[role].colour for role in (Role.PLAIN, Role.RESIDUAL)]
    plain, residual = ([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ends)
    mixed = [round(a + (b - a) * strength) for a, b in zip(plain, residual, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)
