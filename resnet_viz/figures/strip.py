"""The network strip: one marker per block, arcs for shortcuts, colours for gradient norms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from resnet_viz.core.text import Text
from resnet_viz.figures.palettes import Palette, hex_colours
from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role

_WIDTH = 1000  # units of the drawing
_LEFT, _RIGHT = 112, 16
_ROW, _TOP = 62, 26  # height of a row, and above the first
_STAGE_GAP = 1.0  # extra steps between stages
#: Corners of each marker, in radii from its middle.
_CORNERS = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "triangle-up": ((0, -1.3), (1.2, 0.8), (-1.2, 0.8)),
}
_DASHES = {"identity": "", "padding": "1.5 3", "projection": "5 3"}


@dataclass(frozen=True)
class StripNode:
    """One block. ``norm`` colours it; ``shortcut`` is "identity", "padding" or "projection".

    ``picks`` is the layer that a click on it selects: the first network's in the same place.
    """

    layer: str
    picks: str
    stage: int
    norm: float | None
    shortcut: str | None


@dataclass(frozen=True)
class StripRow:
    """One network."""

    role: Role
    title: str
    nodes: tuple[StripNode, ...]
    selected: str  # its own layer that is shown


def strip_svg(rows: Sequence[StripRow], *, text: Text) -> str:
    """Both networks as SVG on one colour scale; twins are aligned block by block.

    Each marker is a group with ``data-layer``; text and lines use the current colour, so the
    drawing fits a light and a dark page.
    """
    fills = _fills(rows)
    height = _TOP + _ROW * len(rows) + 30
    parts = [
        _draw_row(row, float(_TOP + _ROW * number + 38), fills) for number, row in enumerate(rows)
    ]
    first = rows[0]
    stages = _draw_stages(first.nodes, height - 20, text) if _aligned(rows) else ""
    name = _draw_selected(first)
    legend = _draw_legend(rows, height, text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="inherit" font-size="15">{"".join(parts)}{stages}{name}{legend}</svg>'
    )


def _step(nodes: Sequence[StripNode]) -> float:
    stages = len({node.stage for node in nodes})
    steps = len(nodes) + 1 + _STAGE_GAP * (stages - 1)
    return (_WIDTH - _LEFT - _RIGHT) / steps


def _places(nodes: Sequence[StripNode]) -> list[float]:
    step, first = _step(nodes), nodes[0].stage
    return [
        _LEFT + step * (number + 1 + _STAGE_GAP * (node.stage - first))
        for number, node in enumerate(nodes)
    ]


def _fills(rows: Sequence[StripRow]) -> dict[tuple[Role, str], str]:
    """Colours on the logarithm of the norm, one scale for all rows."""
    logs = {
        (row.role, node.layer): math.log10(node.norm)
        for row in rows
        for node in row.nodes
        if node.norm is not None and math.isfinite(node.norm) and node.norm > 0
    }
    if not logs:
        return {}
    low, span = min(logs.values()), (max(logs.values()) - min(logs.values())) or 1.0
    shares = [(value - low) / span for value in logs.values()]
    return dict(zip(logs, hex_colours(shares, Palette.VIRIDIS), strict=True))


def _aligned(rows: Sequence[StripRow]) -> bool:
    """Whether both networks have the same stages, so that one line of names fits both."""
    return len({tuple(node.stage for node in row.nodes) for row in rows}) == 1


def _draw_row(row: StripRow, y: float, fills: dict[tuple[Role, str], str]) -> str:
    style = STYLES[row.role]
    places, step = _places(row.nodes), _step(row.nodes)
    radius = max(3.0, min(9.0, step * 0.34))
    line = (
        f'<text x="0" y="{y + 4:.1f}" fill="currentColor" font-weight="600">'
        f'<tspan fill="{style.colour}">{style.glyph}</tspan> '
        f"{escape(row.title)}</text>"
        f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="currentColor" '
        f'stroke-opacity="0.35"/>'
    )
    arcs = [
        _arc(x, y, step, radius, node.shortcut, style.colour)
        for x, node in zip(places, row.nodes, strict=True)
        if node.shortcut
    ]
    nodes = [
        _node(row, node, x, y, radius, fills.get((row.role, node.layer)))
        for x, node in zip(places, row.nodes, strict=True)
    ]
    return line + "".join(arcs) + "".join(nodes)


def _arc(x: float, y: float, step: float, radius: float, style: str, colour: str) -> str:
    """An arc over the block's marker, from its input to its output."""
    reach, rise = step * 0.48, radius + 13
    dashes = f' stroke-dasharray="{_DASHES[style]}"' if _DASHES[style] else ""
    return (
        f'<path class="arc {style}" d="M{x - reach:.1f} {y} Q{x:.1f} {y - 2 * rise:.1f} '
        f'{x + reach:.1f} {y}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>'
    )


def _node(
    row: StripRow, node: StripNode, x: float, y: float, radius: float, fill: str | None
) -> str:
    chosen = f"{row.selected}.".startswith(f"{node.layer}.")
    symbol = STYLES[row.role].symbol
    ring = _shape(symbol, x, y, radius + 4, "none", 2.5) if chosen else ""
    norm = "" if node.norm is None else f": {node.norm:.3g}"
    layer, picks = escape(node.layer, quote=True), escape(node.picks, quote=True)
    return (
        f'<g class="node" data-layer="{picks}" role="option" aria-selected="{str(chosen).lower()}">'
        f"<title>{layer}{norm}</title>"
        f'<rect x="{x - radius - 2:.1f}" y="{y - 16}" width="{2 * radius + 4:.1f}" height="32" '
        f'fill="transparent"/>{ring}{_shape(symbol, x, y, radius, fill or "none", 1.2)}</g>'
    )


def _shape(symbol: str, x: float, y: float, radius: float, fill: str, stroke: float) -> str:
    """A marker of about the area of a circle of ``radius``."""
    paint = f'fill="{fill}" stroke="currentColor" stroke-width="{stroke}"'
    if symbol == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {paint}/>'
    corners = _CORNERS[symbol]
    points = " ".join(f"{x + radius * dx:.1f},{y + radius * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {paint}/>'


def _draw_legend(rows: Sequence[StripRow], height: float, text: Text) -> str:
    """The meaning of the markers' colours, with the lowest and the highest norm."""
    norms = [n.norm for row in rows for n in row.nodes if n.norm and math.isfinite(n.norm)]
    if not norms:
        return ""
    low, high = (f"{value:.2g}" for value in (min(norms), max(norms)))
    words = escape(text("figures.strip_legend", low=low, high=high))
    return (
        f'<text x="{_WIDTH - _RIGHT}" y="{height - 4}" text-anchor="end" font-size="13" '
        f'fill="currentColor" fill-opacity="0.7">{words}</text>'
    )


def _draw_stages(nodes: Sequence[StripNode], y: float, text: Text) -> str:
    parts, places = [], _places(nodes)
    for stage in dict.fromkeys(node.stage for node in nodes):
        inside = [x for x, node in zip(places, nodes, strict=True) if node.stage == stage]
        middle = (inside[0] + inside[-1]) / 2
        parts.append(
            f'<text x="{middle:.1f}" y="{y}" text-anchor="middle" fill="currentColor" '
            f'fill-opacity="0.7">{escape(text("figures.stage", number=stage))}</text>'
        )
    return "".join(parts)


def _draw_selected(row: StripRow) -> str:
    for x, node in zip(_places(row.nodes), row.nodes, strict=True):
        if f"{row.selected}.".startswith(f"{node.layer}."):
            at = min(max(x, _LEFT + 40), _WIDTH - 60)
            return (
                f'<text x="{at:.1f}" y="14" text-anchor="middle" fill="currentColor" '
                f'font-weight="600">{escape(row.selected)}</text>'
            )
    return ""
