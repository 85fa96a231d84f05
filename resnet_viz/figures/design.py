"""A network as a drawing: blocks from top to bottom, shortcuts as arcs, the twin beside it."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from resnet_viz.figures.theme import COLOURS, styled
from resnet_viz.records import BlockGroup, Layer, Pair
from resnet_viz.spec import Kind
from resnet_viz.text import Text

_DASHES = {"identity": "solid", "projection": "dash", "padding": "dot"}
_STEP = 58  # pixels from one box to the next
_HALF_WIDTH, _HALF_HEIGHT = 0.34, 0.33
_CENTRES = {Kind.RESIDUAL: 0.0, Kind.PLAIN: 1.05}
_GREY = "rgba(128, 128, 128, 0.9)"


def network_figure(
    twins: Pair[tuple[BlockGroup, ...]], *, selected: str | None, ink: str, text: Text
) -> go.Figure:
    """Both networks side by side, equal blocks collapsed, every shortcut an arc.

    Solid arcs are identities, dashed ones projections, dotted ones zero-padding; where the plain
    twin lacks one, its place is marked. A marker's ``customdata`` is its first block. ``ink`` is
    the colour of words.
    """
    figure, sketch = go.Figure(), _Sketch(ink)
    for kind, groups in ((Kind.RESIDUAL, twins.residual), (Kind.PLAIN, twins.plain)):
        others = twins.residual if kind is Kind.PLAIN else twins.plain
        sketch.column(kind, groups, selected, text)
        figure.add_trace(_markers(kind, groups, text))
        for row, (group, other) in enumerate(zip(groups, others, strict=True)):
            if group.way == "none" and other.way not in (None, "none"):
                sketch.missing(row, text)
    _legend(figure, twins.residual, text)
    rows = len(twins.residual)
    figure.update_layout(
        shapes=sketch.shapes,
        annotations=sketch.words,
        xaxis={"visible": False, "range": [-0.62, 1.45]},
        yaxis={"visible": False, "range": [rows - 0.45, -0.95]},
    )
    return styled(figure, height=_STEP * rows + 90)


class _Sketch:
    """Shapes and words so far; Plotly takes them fastest all at once."""

    def __init__(self, ink: str) -> None:
        self.ink = ink
        self.shapes: list[dict[str, Any]] = []
        self.words: list[dict[str, Any]] = []

    def column(
        self, kind: Kind, groups: Sequence[BlockGroup], selected: str | None, text: Text
    ) -> None:
        x, colour = _CENTRES[kind], COLOURS[kind]
        title = f"<b>{escape(text(f'kinds.{kind}'))}</b>"
        self._word(x, -0.75, title, color=colour, size=14)
        for row, group in enumerate(groups):
            if row:
                self._shape("line", x, x, row - 1 + _HALF_HEIGHT, row - _HALF_HEIGHT, _GREY, 1.5)
            self._box(x, row, group, colour, chosen=selected == group.first)
            if group.way in _DASHES:
                self._arc(x, row, group.way, colour)

    def missing(self, row: int, text: Text) -> None:
        self._word(
            _CENTRES[Kind.PLAIN] - _HALF_WIDTH - 0.06,
            row,
            "✕",
            size=13,
            color=_GREY,
            hover=text("design.no_shortcut"),
        )

    def _box(self, x: float, row: int, group: BlockGroup, colour: str, *, chosen: bool) -> None:
        left, right = x - _HALF_WIDTH, x + _HALF_WIDTH
        top, bottom = row - _HALF_HEIGHT, row + _HALF_HEIGHT
        self._shape("rect", left, right, top, bottom, colour, 3.5 if chosen else 1.2)
        self.shapes[-1] |= {"fillcolor": "rgba(128, 128, 128, 0.10)"}
        size = " × ".join(map(str, group.shape))
        self._word(x, row, f"{escape(_title(group))}<br><sub>{size}</sub>")

    def _arc(self, x: float, row: int, way: str, colour: str) -> None:
        """From above the box to below it, around its left side."""
        edge, reach = x - _HALF_WIDTH, 0.22
        top, bottom = row - _HALF_HEIGHT - 0.09, row + _HALF_HEIGHT + 0.09
        path = (
            f"M {x} {top} L {edge} {top} C {edge - reach} {top} {edge - reach} {bottom} "
            f"{edge} {bottom} L {x} {bottom}"
        )
        line = {"color": colour, "width": 2, "dash": _DASHES[way]}
        self.shapes.append({"type": "path", "path": path, "line": line})

    def _shape(
        self, kind: str, x0: float, x1: float, y0: float, y1: float, colour: str, width: float
    ) -> None:
        line = {"color": colour, "width": width}
        self.shapes.append({"type": kind, "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": line})

    def _word(
        self, x: float, y: float, word: str, *, size: int = 12, color: str = "", hover: str = ""
    ) -> None:
        font = {"size": size, "color": color or self.ink}
        note = {"hovertext": hover} if hover else {}
        self.words.append({"x": x, "y": y, "text": word, "showarrow": False, "font": font, **note})


def _markers(kind: Kind, groups: Sequence[BlockGroup], text: Text) -> go.Scatter:
    """What can be pointed at and clicked: one unseen marker over each box."""
    return go.Scatter(
        x=[_CENTRES[kind]] * len(groups),
        y=list(range(len(groups))),
        mode="markers",
        marker={"size": 44, "symbol": "square", "color": "rgba(0, 0, 0, 0)"},
        customdata=[group.first for group in groups],
        hovertext=[_hover(group, text) for group in groups],
        hoverinfo="text",
        showlegend=False,
    )


def _title(group: BlockGroup) -> str:
    if group.count == 1:
        return group.first
    last = group.last.rpartition(".")[2]
    return f"{group.first}–{last}  ×{group.count}"


def _hover(group: BlockGroup, text: Text) -> str:
    return escape(
        text(
            "design.hover",
            name=_title(group),
            parameters=f"{group.parameters:,}",
            macs=f"{group.macs:,}",
        )
    )


def _legend(figure: go.Figure, groups: Sequence[BlockGroup], text: Text) -> None:
    """The kinds of shortcuts that are drawn."""
    for way in dict.fromkeys(group.way for group in groups):
        if way in _DASHES:
            figure.add_scatter(
                x=[None], y=[None], mode="lines", name=text(f"design.way_{way}"),
                line={"color": COLOURS[Kind.RESIDUAL], "width": 2, "dash": _DASHES[way]},
            )  # fmt: skip


def block_figure(
    layers: Sequence[Layer], *, way: str, kind: Kind, ink: str, text: Text
) -> go.Figure:
    """One block from left to right: the branch's layers in a row, the shortcut as an arc over it.

    A layer's marker has its name as ``customdata``.
    """
    inside = {layer.name for layer in layers}
    around = [layer for layer in layers if ".downsample" in layer.name]
    branch = [layer for layer in layers if layer not in around]
    places = {layer.name: (float(index + 1), 0.0) for index, layer in enumerate(branch)}
    join = next((layer for layer in branch if layer.kind == "Add"), None)
    start = _start(around, join, places, inside)
    end = places[join.name][0] if join is not None else len(branch) + 1.0
    for index, layer in enumerate(around, 1):
        places[layer.name] = (start + (end - start) * index / (len(around) + 1), 1.0)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, len(branch) + 1], y=[0, 0], mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": _GREY, "width": 1.5},
    )  # fmt: skip
    if way in _DASHES:
        _bridge(figure, start, end, _DASHES[way], kind)
    _layer_markers(figure, layers, places, kind, ink, text)
    figure.update_xaxes(visible=False, range=[-0.2, len(branch) + 1.2])
    figure.update_yaxes(visible=False, range=[-0.6, 1.45])
    return styled(figure, height=190).update_layout(margin={"t": 4})


def _start(
    around: Sequence[Layer],
    join: Layer | None,
    places: dict[str, tuple[float, float]],
    inside: set[str],
) -> float:
    """Where the shortcut leaves the branch: at the block's input, or behind an activation."""
    first = around[0] if around else join
    sources = [name for name in first.inputs if name in inside] if first else []
    read = sources[-1] if sources and (around or len(sources) > 1) else None
    return places[read][0] if read in places else 0.0


def _bridge(figure: go.Figure, start: float, end: float, dash: str, kind: Kind) -> None:
    at = np.linspace(0, 1, 41)
    figure.add_scatter(
        x=start + (end - start) * at,
        y=np.minimum(1.0, 2.2 * np.sin(np.pi * at)),
        mode="lines",
        line={"color": COLOURS[kind], "width": 2, "dash": dash},
        hoverinfo="skip",
        showlegend=False,
    )


def _layer_markers(
    figure: go.Figure,
    layers: Sequence[Layer],
    places: dict[str, tuple[float, float]],
    kind: Kind,
    ink: str,
    text: Text,
) -> None:
    figure.add_scatter(
        x=[places[layer.name][0] for layer in layers],
        y=[places[layer.name][1] for layer in layers],
        mode="markers+text",
        text=[_short(layer) for layer in layers],
        textposition=["bottom center" if not places[n.name][1] else "top center" for n in layers],
        textfont={"size": 12, "color": ink},
        marker={
            "size": [22 if layer.parameters else 14 for layer in layers],
            "symbol": ["circle" if layer.kind == "Add" else "square" for layer in layers],
            "color": COLOURS[kind],
            "line": {"width": 1, "color": "white"},
        },
        customdata=[layer.name for layer in layers],
        hovertext=[layer_sentence(layer, text) for layer in layers],
        hoverinfo="text",
        showlegend=False,
    )


def _short(layer: Layer) -> str:
    name = layer.name.split(".", 2)[-1] if layer.name.startswith("layer") else layer.name
    return "+" if layer.kind == "Add" else escape(name)


def layer_sentence(layer: Layer, text: Text) -> str:
    """All that is known of one layer, in one sentence."""
    return text(
        "design.layer",
        name=layer.name,
        kind=layer.kind,
        shape=" × ".join(map(str, layer.shape)),
        parameters=f"{layer.parameters:,}",
        macs=f"{layer.macs:,}",
        low=layer.receptive_min,
        high=layer.receptive_max,
        stride=layer.stride,
    )
