"""The network strip: a thumbnail for each block, arcs for shortcuts, bars for gradient norms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role

TILE = 48  # side of a thumbnail, in units of the drawing
_GAP, _STAGE_GAP = 6, 14  # between thumbnails; more between stages
_SIDE = 4  # left and right of all
_ARC, _BAR, _WORDS = 20, 24, 16  # heights above and below the thumbnails
_LEAST_BAR = 2
_HEIGHT = _ARC + TILE + 6 + _BAR + _WORDS
_DASHES = {"identity": "", "padding": "1.5 3", "projection": "5 3"}


@dataclass(frozen=True)
class StripNode:
    """One block. ``shortcut`` is "identity", "padding", "projection" or None.

    ``picks`` is the layer that a click on it selects: the first network's in the same place.
    ``picture`` is the thumbnail as a data URI; ``norm`` the gradient norm at the block's output.
    """

    layer: str
    picks: str
    stage: int
    norm: float | None
    shortcut: str | None
    picture: str


@dataclass(frozen=True)
class StripRow:
    """One network."""

    role: Role
    title: str
    nodes: tuple[StripNode, ...]
    selected: str  # its own layer that is shown


@dataclass(frozen=True)
class NormRange:
    """The lowest and the highest norm of all rows; bars stand between them, on a log scale."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[StripRow]) -> "NormRange | None":
        """The range of the norms that a logarithmic scale can show; None without any."""
        norms = [node.norm for row in rows for node in row.nodes if _drawable(node.norm)]
        known = [norm for norm in norms if norm is not None]
        return cls(min(known), max(known)) if known else None

    def share(self, norm: float) -> float:
        """Where a norm stands between the lowest (0) and the highest (1)."""
        span = math.log(self.high / self.low)
        return math.log(norm / self.low) / span if span > 0 else 1.0


def strips(rows: Sequence[StripRow], text: Text) -> tuple[list[str], str]:
    """Each network as SVG, and what bars and arcs mean.

    All are equally wide, and a network of fewer blocks is spread over the width: a block stands at
    its share of the way.
    """
    norms = NormRange.of(rows)
    width = max(_places(row.nodes)[-1] + TILE + _SIDE for row in rows)
    return [strip_svg(row, norms, width, text) for row in rows], strip_legend(norms, text)


def strip_svg(row: StripRow, norms: NormRange | None, width: float, text: Text) -> str:
    """One network as SVG, as wide as said.

    Each block is a group with ``data-layer``, the layer that it selects, and ``data-own``, its own
    name; the selected one's ``frame`` is visible. Text and lines use the current colour, so the
    drawing fits a light and a dark page.
    """
    places = _spread(_places(row.nodes), width)
    colour = STYLES[row.role].colour
    arcs = [
        _arc(x, node.shortcut, colour)
        for x, node in zip(places, row.nodes, strict=True)
        if node.shortcut
    ]
    nodes = [_node(row, node, x, norms) for x, node in zip(places, row.nodes, strict=True)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {_HEIGHT}" '
        f'data-blocks="{width / (TILE + _GAP):.1f}" font-family="inherit" font-size="12">'
        f"{''.join(nodes)}{''.join(arcs)}{_stages(row.nodes, places, text)}</svg>"
    )


def strip_legend(norms: NormRange | None, text: Text) -> str:
    """What bars and arcs mean, with the lowest and the highest norm."""
    if norms is None:
        return text("figures.strip_arcs")
    low, high = (readable(value, 2) for value in (norms.low, norms.high))
    return f"{text('figures.strip_bars', low=low, high=high)} {text('figures.strip_arcs')}"


def _spread(places: Sequence[float], width: float) -> list[float]:
    """The places moved apart so that the last one ends at the width."""
    least, most = places[0], places[-1]
    wider = (width - TILE - _SIDE - least) / (most - least) if most > least else 1.0
    return [round(least + (place - least) * wider, 1) for place in places]


def _places(nodes: Sequence[StripNode]) -> list[float]:
    first = nodes[0].stage
    return [
        _SIDE + number * (TILE + _GAP) + (node.stage - first) * _STAGE_GAP
        for number, node in enumerate(nodes)
    ]


def _drawable(norm: float | None) -> bool:
    return norm is not None and math.isfinite(norm) and norm > 0


def _arc(x: float, style: str, colour: str) -> str:
    """An arc over the block's thumbnail, from its input to its output."""
    dashes = f' stroke-dasharray="{_DASHES[style]}"' if _DASHES[style] else ""
    left, right, middle = x - _GAP / 2, x + TILE + _GAP / 2, x + TILE / 2
    return (
        f'<path class="arc {style}" d="M{left} {_ARC + 6} Q{left} {_ARC - 4} {left + 10} '
        f"{_ARC - 8} Q{middle} {-2} {right - 10} {_ARC - 8} Q{right} {_ARC - 4} {right} "
        f'{_ARC + 6}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
    )


def _node(row: StripRow, node: StripNode, x: float, norms: NormRange | None) -> str:
    chosen = f"{row.selected}.".startswith(f"{node.layer}.")
    colour = STYLES[row.role].colour
    norm = "" if node.norm is None else f": {readable(node.norm)}"
    layer, picks = escape(node.layer, quote=True), escape(node.picks, quote=True)
    visible = "visible" if chosen else "hidden"
    return (
        f'<g class="node" data-layer="{picks}" data-own="{layer}" role="option" '
        f'aria-selected="{str(chosen).lower()}"><title>{layer}{norm}</title>'
        f'<rect x="{x - _GAP / 2}" y="0" width="{TILE + _GAP}" height="{_HEIGHT - _WORDS}" '
        f'fill="transparent"/>'
        f'<image x="{x}" y="{_ARC}" width="{TILE}" height="{TILE}" '
        f'href="{escape(node.picture, quote=True)}"/>'
        f'{_bar(node.norm, x, norms, colour)}<g class="frame" visibility="{visible}">'
        f'<rect x="{x - 1}" y="{_ARC - 1}" width="{TILE + 2}" height="{TILE + 2}" fill="none" '
        f'stroke="{colour}" stroke-width="4"/>'
        f'<rect x="{x + 2}" y="{_ARC + 2}" width="{TILE - 4}" height="{TILE - 4}" fill="none" '
        f'stroke="#ffffff" stroke-width="1.5"/></g></g>'
    )


def _bar(norm: float | None, x: float, norms: NormRange | None, colour: str) -> str:
    """The norm as a bar on the line below the thumbnails; a cross where there is none to draw."""
    bottom = _ARC + TILE + 6 + _BAR
    if norm is None:
        return ""
    if norms is None or not _drawable(norm):
        return (
            f'<text x="{x + TILE / 2}" y="{bottom}" text-anchor="middle" '
            f'fill="currentColor">×</text>'
        )
    height = _LEAST_BAR + (_BAR - _LEAST_BAR) * norms.share(norm)
    return (
        f'<rect class="norm" x="{x + TILE / 4}" y="{bottom - height:.1f}" width="{TILE / 2}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def _stages(nodes: Sequence[StripNode], places: Sequence[float], text: Text) -> str:
    parts = []
    for stage in dict.fromkeys(node.stage for node in nodes):
        inside = [x for x, node in zip(places, nodes, strict=True) if node.stage == stage]
        middle = (inside[0] + inside[-1] + TILE) / 2
        parts.append(
            f'<text x="{middle:.1f}" y="{_HEIGHT - 3}" text-anchor="middle" '
            f'fill="currentColor" fill-opacity="0.75">'
            f"{escape(text('figures.stage', number=stage))}</text>"
        )
    return "".join(parts)
