"""One block as SVG, wide or narrow: the photograph, the branch below, the shortcut above, the sum.

Parts that change with the strength of the shortcut carry ``data-part``, so that a script can
exchange them; parts that light up one after the other are ``.lit`` with their number in ``--n``;
words of the glossary carry ``data-term``.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float

from resnet_viz.core.text import Text
from resnet_viz.figures.palettes import ColourRange, Palette, colourise
from resnet_viz.figures.theme import STYLES
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Role
from resnet_viz.records.first_visit import TrainedBlock

_ENLARGED = 3  # screen pixels of one value
_BRIGHTEST = 0.99  # quantile of the magnitudes that has the strongest colour
_ARC = STYLES[Role.RESIDUAL].colour


@dataclass(frozen=True)
class _Layout:
    """Places in units of the drawing: upper left corners of the tiles, paths, and the plus."""

    name: str
    width: int
    height: int
    tile: int
    tiles: Mapping[str, tuple[int, int]]
    plus: tuple[int, int]
    arc: str
    arc_label: tuple[int, int, str]
    arrows: tuple[tuple[int, str], ...]  # when it lights up, and its path


_WIDE = _Layout(
    name="wide", width=1000, height=286, tile=96,
    tiles={"photo": (4, 70), "x": (152, 70), "hidden": (330, 150), "branch": (516, 150),
           "sum": (740, 70), "output": (900, 70)},
    plus=(686, 118),
    arc="M276 118 C276 4 686 4 686 102", arc_label=(481, 22, "middle"),
    arrows=((1, "M100 118 H148"), (2, "M248 118 H276 V198 H326"), (3, "M426 198 H512"),
            (4, "M612 198 H686 V136"), (5, "M702 118 H736"), (6, "M836 118 H896")),
)  # fmt: skip
_NARROW = _Layout(
    name="narrow", width=360, height=420, tile=84,
    tiles={"photo": (16, 10), "x": (140, 10), "hidden": (16, 158), "branch": (140, 158),
           "sum": (140, 316), "output": (270, 316)},
    plus=(182, 288),
    arc="M224 52 C352 52 352 288 198 288", arc_label=(304, 136, "end"),
    arrows=((1, "M100 52 H136"), (2, "M182 116 V136 H58 V154"), (3, "M100 200 H136"),
            (4, "M182 264 V270"), (5, "M182 304 V312"), (6, "M224 358 H266")),
)  # fmt: skip
_LIT = {"photo": 0, "x": 1, "hidden": 3, "branch": 4, "sum": 6, "output": 7}
_TERMS = {"x": "block", "branch": "branch", "sum": "shortcut", "output": "feature_map"}


def block_svgs(block: TrainedBlock, strength: float, photo: str, text: Text) -> str:
    """Draw a block with a shortcut of a strength, for wide and for narrow pages.

    ``photo`` is the name of the photograph. A style sheet hides one of the two.
    """
    return "".join(_svg(layout, block, strength, photo, text) for layout in (_WIDE, _NARROW))


def sum_and_output(block: TrainedBlock, strength: float) -> tuple[str, str]:
    """Draw the sum and the block's output, as data URIs."""
    joined = block.joined(strength)
    return _map(block, joined), _map(block, np.maximum(joined, 0))


def arc_opacity(strength: float) -> str:
    """Return how strongly a shortcut of a strength is drawn."""
    return f"{0.08 + 0.92 * strength:.2f}"


def _svg(layout: _Layout, block: TrainedBlock, strength: float, photo: str, text: Text) -> str:
    joined, output = sum_and_output(block, strength)
    sources = {
        "photo": _uri(block.photo), "x": _map(block, block.x),
        "hidden": _map(block, block.hidden), "branch": _map(block, block.branch),
        "sum": joined, "output": output,
    }  # fmt: skip
    captions = {name: text(f"first.tile_{name}") for name in sources if name != "photo"}
    captions["photo"] = photo
    parts = [
        *(_arrow(layout, when, path) for when, path in layout.arrows),
        _shortcut(layout, strength, text),
        *_tiles(layout, sources, captions),
        _plus(layout),
    ]
    label = escape(text("first.block_alt", network=block.network, photo=photo), quote=True)
    return (
        f'<svg class="block {layout.name}" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{label}" viewBox="0 0 {layout.width} {layout.height}">'
        f'<defs><marker id="tip-{layout.name}" viewBox="0 0 8 8" refX="7" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" '
        f'fill="currentColor"/></marker></defs>{"".join(parts)}</svg>'
    )


def _tiles(
    layout: _Layout, sources: Mapping[str, str], captions: Mapping[str, str]
) -> Iterator[str]:
    size = layout.tile
    for name, (left, top) in layout.tiles.items():
        term = f' data-term="{_TERMS[name]}"' if name in _TERMS else ""
        yield (
            f'<g class="lit" style="--n:{_LIT[name]}"{term}>'
            f'<image data-part="{name}" href="{sources[name]}" x="{left}" y="{top}" '
            f'width="{size}" height="{size}" preserveAspectRatio="none"/>'
            f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="none" '
            f'stroke="#808080" stroke-opacity="0.6"/>'
            f'<text x="{left + size // 2}" y="{top + size + 16}" text-anchor="middle" '
            f'fill="currentColor">{escape(captions[name])}</text></g>'
        )


def _arrow(layout: _Layout, when: int, path: str) -> str:
    return (
        f'<path class="lit" style="--n:{when}" d="{path}" fill="none" stroke="currentColor" '
        f'stroke-width="1.6" marker-end="url(#tip-{layout.name})"/>'
    )


def _shortcut(layout: _Layout, strength: float, text: Text) -> str:
    x, y, anchor = layout.arc_label
    return (
        f'<g class="lit" style="--n:5" data-term="shortcut"><path data-part="arc" '
        f'd="{layout.arc}" fill="none" stroke="{_ARC}" stroke-width="5" '
        f'stroke-opacity="{arc_opacity(strength)}"/>'
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="currentColor" font-weight="600">'
        f"{escape(text('first.arc'))} × "
        f'<tspan data-part="strength">{strength:.1f}</tspan></text></g>'
    )


def _plus(layout: _Layout) -> str:
    x, y = layout.plus
    return (
        f'<g class="lit" style="--n:5" stroke="currentColor" stroke-width="2" fill="none">'
        f'<circle cx="{x}" cy="{y}" r="15"/>'
        f'<path d="M{x - 8} {y}H{x + 8}M{x} {y - 8}V{y + 8}"/></g>'
    )


def _map(block: TrainedBlock, values: Float[np.ndarray, "height width"]) -> str:
    """One channel, green positive and purple negative; x, F(x) and their sum share a scale."""
    shared = (block.x, block.branch, block.joined(1))
    own = (values,) if values is block.hidden else shared
    most = float(np.quantile(np.abs(np.stack(own)), _BRIGHTEST))
    pixels = colourise(values, ColourRange(-most, most), Palette.DIVERGING)
    return _uri(to_png(pixels.repeat(_ENLARGED, 0).repeat(_ENLARGED, 1)))


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode()
