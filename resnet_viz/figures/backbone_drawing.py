"""A network with a ResNet inside as SVG: its stages, the pyramid beside them, and the head."""

from collections.abc import Sequence
from html import escape

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES
from resnet_viz.records import Role, StageFeatures

_BOX_WIDE, _BOX_HIGH, _STEP = 190, 44, 68  # units of the drawing
_LEFT, _TOP, _ACROSS = 60, 8, 270
_MOST_ARCS = 4
_COLOUR = STYLES[Role.RESIDUAL].colour


def backbone_svg(stages: Sequence[StageFeatures], head: Sequence[str], text: Text) -> str:
    """The stages from top to bottom with one arc for each block, up to four.

    Levels of a feature pyramid, the stages "P2" to "P5", stand beside the stage that they read,
    with arrows from coarse to fine. ``head`` are the parts after the last column.
    """
    levels = {stage.stage: stage for stage in stages if _is_level(stage)}
    body = [stage for stage in stages if not _is_level(stage)]
    parts = [_column(body, text)]
    if levels:
        parts.append(_pyramid(body, levels))
    start = _LEFT + _ACROSS * (2 if levels else 1)
    parts.append(_head(head, start, len(body) - 1, from_all=bool(levels)))
    height = _TOP + _STEP * len(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {start + _BOX_WIDE + 10} {height}" '
        f'role="img" aria-label="{escape(text("work.drawing_alt"), quote=True)}" '
        'font-family="inherit" font-size="13" style="width: 100%; max-width: 900px">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker>'
        f"</defs>{''.join(parts)}</svg>"
    )


def _is_level(stage: StageFeatures) -> bool:
    return stage.stage[:1] == "P" and stage.stage[1:].isdigit()


def _column(body: Sequence[StageFeatures], text: Text) -> str:
    parts = []
    for row, stage in enumerate(body):
        y = _TOP + row * _STEP
        blocks = text("work.blocks", count=stage.blocks) if stage.blocks else ""
        parts.append(_box(_LEFT, y, f"{stage.stage} {blocks}".strip(), _shape(stage)))
        if row:
            parts.append(_arrow(f"M{_LEFT + _BOX_WIDE / 2} {y - _STEP + _BOX_HIGH}V{y - 2}"))
        arcs = min(stage.blocks, _MOST_ARCS)
        for number in range(arcs):
            top, high = y + number * _BOX_HIGH / arcs, _BOX_HIGH / arcs
            parts.append(
                f'<path class="arc" d="M{_LEFT} {top:.1f}c-26 0 -26 {high:.1f} 0 {high:.1f}" '
                f'fill="none" stroke="{_COLOUR}" stroke-width="2"/>'
            )
    return "".join(parts)


def _pyramid(body: Sequence[StageFeatures], levels: dict[str, StageFeatures]) -> str:
    """Each level reads a stage and the next coarser level."""
    parts = []
    x = _LEFT + _ACROSS
    for row in range(len(body)):
        level = levels.get(f"P{row + 1}")
        if level is None:
            continue
        y = _TOP + row * _STEP
        parts.append(_box(x, y, level.stage, _shape(level)))
        middle = y + _BOX_HIGH / 2
        parts.append(_arrow(f"M{_LEFT + _BOX_WIDE} {middle}H{x - 2}"))
        parts.append(
            f'<text x="{_LEFT + _BOX_WIDE + 40}" y="{middle - 5}" text-anchor="middle" '
            'fill="currentColor">1x1</text>'
        )
        if f"P{row + 2}" in levels:  # the coarser one, below, is enlarged and added
            side = x + _BOX_WIDE / 2
            parts.append(
                f'<path class="down" d="M{side} {y + _STEP - 1}V{y + _BOX_HIGH + 2}" fill="none" '
                f'stroke="{_COLOUR}" stroke-width="2.5" marker-end="url(#tip)"/>'
                f'<text x="{side + 8}" y="{y + _BOX_HIGH + 17}" fill="currentColor">×2, +</text>'
            )
    return "".join(parts)


def _head(head: Sequence[str], x: float, last: int, *, from_all: bool) -> str:
    """Parts one below the other, beside the last stage or beside all levels of a pyramid."""
    parts = []
    first = max(0, last - len(head) + 1)
    for number, words in enumerate(head):
        y = _TOP + (first + number) * _STEP
        parts.append(_box(x, y, words, ""))
        if number:
            parts.append(_arrow(f"M{x + _BOX_WIDE / 2} {y - _STEP + _BOX_HIGH}V{y - 2}"))
    begin = x - _ACROSS + _BOX_WIDE
    target = _TOP + first * _STEP + _BOX_HIGH / 2
    rows = range(1, last + 1) if from_all else [last]
    for row in rows:
        at = _TOP + row * _STEP + _BOX_HIGH / 2
        parts.append(_arrow(f"M{begin} {at}C{begin + 50} {at} {x - 50} {target} {x - 2} {target}"))
    return "".join(parts)


def _box(x: float, y: float, words: str, shape: str) -> str:
    middle = x + _BOX_WIDE / 2
    first = y + (18 if shape else 27)
    second = (
        f'<text x="{middle}" y="{y + 36}" text-anchor="middle" fill="currentColor" '
        f'font-size="12" fill-opacity="0.85">{shape}</text>'
        if shape
        else ""
    )
    return (
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDE}" height="{_BOX_HIGH}" rx="4" '
        'fill="currentColor" fill-opacity="0.06" stroke="currentColor" stroke-opacity="0.5"/>'
        f'<text x="{middle}" y="{first}" text-anchor="middle" fill="currentColor">'
        f"{escape(words)}</text>{second}"
    )


def _arrow(path: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.6" '
        'marker-end="url(#tip)"/>'
    )


def _shape(stage: StageFeatures) -> str:
    return " × ".join(map(str, stage.features.shape))
