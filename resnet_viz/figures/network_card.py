"""A small drawing of a network: one bar per block, lower at each stage, with arcs."""

from collections.abc import Sequence

from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role

_WIDTH, _HEIGHT, _BASE = 220, 64, 58  # units of the drawing; the last is the bottom of the bars
_MOST = 48  # bars; deeper networks keep their proportions
_GAP = 5  # between stages
_GREY = "#8a8a8a"
_COLOURS = {
    "identity": STYLES[Role.RESIDUAL].colour,
    "concatenation": STYLES[Role.FIRST].colour,
}


def card_svg(stages: Sequence[int], way: str) -> str:
    """Draw ``stages``, numbers of blocks, with a shortcut "identity", "concatenation" or "none".

    The drawing fits light and dark pages.
    """
    counts = _thinned(stages)
    room = _WIDTH - 8 - _GAP * (len(counts) - 1)
    step = min(14.0, room / sum(counts))
    parts, left = [], 4.0
    for stage, count in enumerate(counts):
        height = 34 * 0.72**stage + 4
        for _ in range(count):
            parts.append(_bar(left, step, height))
            if way != "none":
                parts.append(_arc(left, step, height, _COLOURS[way]))
            left += step
        left += _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>'
    )


def _thinned(stages: Sequence[int]) -> list[int]:
    whole = sum(stages)
    return [count if whole <= _MOST else max(1, round(count * _MOST / whole)) for count in stages]


def _bar(left: float, step: float, height: float) -> str:
    return (
        f'<rect x="{left + step * 0.2:.1f}" y="{_BASE - height:.1f}" width="{step * 0.6:.1f}" '
        f'height="{height:.1f}" rx="1" fill="{_GREY}"/>'
    )


def _arc(left: float, step: float, height: float, colour: str) -> str:
    top = _BASE - height - 2
    return (
        f'<path d="M {left:.1f} {top:.1f} q {step / 2:.1f} {-min(16, step * 1.4):.1f} '
        f'{step:.1f} 0" fill="none" stroke="{colour}" stroke-width="1.8"/>'
    )
