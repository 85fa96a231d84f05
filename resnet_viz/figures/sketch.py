"""Boxes, arcs and labels of the drawings of networks."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.records import BlockGroup

#: How each way around a block is drawn.
DASHES: Mapping[str, str] = {
    "identity": "solid", "projection": "dash", "padding": "dot", "concatenation": "solid",
}  # fmt: skip
_REACHES = {way: (0.10, 0.16, 0.22) if way == "concatenation" else (0.22,) for way in DASHES}
#: Arcs at the side of folded blocks.
MOST_ARCS = 3
_BROKEN = "#dc2626"
GREY = "rgba(128, 128, 128, 0.9)"
STEP = 58  # pixels from one box to the next
HALF_WIDTH = 0.34
_HALF_HEIGHT = 0.33


class Sketch:
    """Shapes and words so far; Plotly takes them fastest all at once. ``ink`` colours words."""

    def __init__(self, ink: str) -> None:
        self.ink = ink
        self.shapes: list[dict[str, object]] = []
        self.words: list[dict[str, object]] = []

    def column(
        self, x: float, title: str, groups: Sequence[BlockGroup], selected: str | None, colour: str
    ) -> None:
        """One network from top to bottom, around ``x``."""
        self.word(x, -0.75, f"<b>{escape(title)}</b>", color=colour, size=14)
        for row, group in enumerate(groups):
            if row:
                self._shape("line", x, x, row - 1 + _HALF_HEIGHT, row - _HALF_HEIGHT, GREY, 1.5)
            self._box(x, row, group, colour, chosen=selected == group.first)
            if row + 1 < len(groups):
                size = " × ".join(map(str, group.shape))
                self.word(x + 0.03, row + 0.5, size, size=11, left=True)
            for reach in _REACHES.get(group.way or "", ()):
                self._arcs(x, row, group, colour, reach)

    def word(
        self,
        x: float,
        y: float,
        word: str,
        *,
        size: int = 12,
        color: str = "",
        hover: str = "",
        left: bool = False,
    ) -> None:
        """A label around a place, or from it on (``left``), with a note on hover."""
        font = {"size": size, "color": color or self.ink}
        note = {"hovertext": hover} if hover else {}
        note |= {"xanchor": "left"} if left else {}
        self.words.append({"x": x, "y": y, "text": word, "showarrow": False, "font": font, **note})

    def _box(self, x: float, row: int, group: BlockGroup, colour: str, *, chosen: bool) -> None:
        left, right = x - HALF_WIDTH, x + HALF_WIDTH
        top, bottom = row - _HALF_HEIGHT, row + _HALF_HEIGHT
        self._shape("rect", left, right, top, bottom, colour, 3.5 if chosen else 1.2)
        self.shapes[-1] |= {"fillcolor": "rgba(128, 128, 128, 0.10)"}
        parameters = f"{group.parameters:,}" if group.parameters else ""
        self.word(x, row, f"{escape(group_title(group))}<br><sub>{parameters}</sub>")

    def broken(self, x: float, row: int, words: str) -> None:
        """The place of a stage that cannot be built, under the last box of a column."""
        self._shape("line", x, x, row - 1 + _HALF_HEIGHT, row - _HALF_HEIGHT, _BROKEN, 1.5)
        left, right = x - HALF_WIDTH, x + HALF_WIDTH
        self._shape("rect", left, right, row - _HALF_HEIGHT, row + _HALF_HEIGHT, _BROKEN, 2)
        self.shapes[-1]["line"] = {"color": _BROKEN, "width": 2, "dash": "dash"}
        self.word(x, row, f"✕ {escape(words)}", color=_BROKEN)

    def _arcs(self, x: float, row: int, group: BlockGroup, colour: str, reach: float) -> None:
        """From above the box to below it, around its left side.

        Folded blocks have an arc each, at most ``MOST_ARCS``: none goes around two blocks.
        """
        edge, dash = x - HALF_WIDTH, DASHES[str(group.way)]
        top, bottom = row - _HALF_HEIGHT - 0.09, row + _HALF_HEIGHT + 0.09
        count = 1 if group.way == "concatenation" else min(group.count, MOST_ARCS)
        high = (bottom - top) / count
        for number in range(count):
            start, end = top + number * high, top + (number + 1) * high
            before = f"M {x} {start} L {edge} {start}" if count == 1 else f"M {edge} {start}"
            behind = f" L {x} {end}" if count == 1 else ""
            path = f"{before} C {edge - reach} {start} {edge - reach} {end} {edge} {end}{behind}"
            line = {"color": colour, "width": 2, "dash": dash}
            self.shapes.append({"type": "path", "path": path, "line": line})

    def _shape(
        self, kind: str, x0: float, x1: float, y0: float, y1: float, colour: str, width: float
    ) -> None:
        line = {"color": colour, "width": width}
        self.shapes.append({"type": kind, "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": line})


def markers(x: float, groups: Sequence[BlockGroup], text: Text) -> go.Scatter:
    """An invisible marker over each box of a column, for hovering and clicking."""
    return go.Scatter(
        x=[x] * len(groups),
        y=list(range(len(groups))),
        mode="markers",
        marker={"size": 44, "symbol": "square", "color": "rgba(0, 0, 0, 0)"},
        customdata=[group.first for group in groups],
        hovertext=[_hover(group, text) for group in groups],
        hoverinfo="text",
        showlegend=False,
    )


def legend(figure: go.Figure, ways: Mapping[str, str], text: Text) -> None:
    """A legend entry for each kind of shortcut; ``ways`` maps it to its colour."""
    for way, colour in ways.items():
        figure.add_scatter(
            x=[None], y=[None], mode="lines", name=text(f"design.way_{way}"),
            line={"color": colour, "width": 2, "dash": DASHES[way]},
        )  # fmt: skip


def group_title(group: BlockGroup) -> str:
    """The names and the number of a group's blocks; for dense layers, their dense block."""
    first = group.first.removeprefix("features.")
    if group.count == 1:
        return first
    if group.way == "concatenation":
        return f"{first.partition('.')[0]}  ×{group.count}"
    last = group.last.rpartition(".")[2].removeprefix("inception")
    return f"{first}–{last}  ×{group.count}"


def _hover(group: BlockGroup, text: Text) -> str:
    return escape(
        text(
            "design.hover",
            name=group_title(group),
            parameters=f"{group.parameters:,}",
            macs=f"{group.macs:,}",
        )
    )
