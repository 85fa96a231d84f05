"""Drawings of networks: blocks from top to bottom, shortcuts as arcs, twins side by side."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.sketch import (
    DASHES,
    GREY,
    HALF_WIDTH,
    STEP,
    Sketch,
    legend,
    markers,
)
from resnet_viz.figures.theme import STYLES, styled
from resnet_viz.records import ANY_TWO, TWINS, BlockGroup, Layer, Pair, Role
from resnet_viz.spec.layer_names import inside_block, on_shortcut

_CENTRES = Pair(0.0, 1.05)  # of both columns


def network_figure(
    twins: Pair[tuple[BlockGroup, ...]],
    *,
    selected: str | None,
    ink: str,
    text: Text,
    broken: str = "",
) -> go.Figure:
    """Twins side by side, equal blocks collapsed, every shortcut an arc.

    ``broken`` names a stage that cannot be built, under the last of ``twins``.

    Solid arcs are identities, dashed ones projections, dotted ones zero-padding; where the plain
    twin lacks one, its place is marked. A marker's ``customdata`` is its first block. ``ink`` is
    the colour of words.
    """
    figure, sketch = go.Figure(), Sketch(ink)
    for (role, groups), x in TWINS.join(twins).join(_CENTRES):
        sketch.column(x, text(f"roles.{role}"), groups, selected, STYLES[role].colour)
        figure.add_trace(markers(x, groups, text))
    cross = _CENTRES.second - HALF_WIDTH - 0.06
    for row, (own, other) in enumerate(zip(twins.second, twins.first, strict=True)):
        if own.way == "none" and other.way not in (None, "none"):
            hover = text("design.no_shortcut")
            sketch.word(cross, row, "✕", size=13, color=GREY, hover=hover)
    rows = len(twins.first)
    if broken:
        for x in _CENTRES:
            sketch.broken(x, rows, broken)
        rows += 1
    drawn = dict.fromkeys(g.way for g in twins.first if g.way in DASHES)
    legend(figure, {str(way): STYLES[Role.RESIDUAL].colour for way in drawn}, text)
    return _framed(figure, sketch, rows)


def catalog_figure(
    title: str, groups: Sequence[BlockGroup], beside: tuple[str, Sequence[BlockGroup]],
    *, ink: str, text: Text,
) -> go.Figure:  # fmt: skip
    """A network of the catalog next to a residual one, ``beside`` (its title and groups).

    Three arcs mark concatenation of channels, one arc marks addition.
    """
    figure, sketch = go.Figure(), Sketch(ink)
    columns = Pair((title, groups), beside)
    ways: dict[str, str] = {}
    for ((name, own), role), x in columns.join(ANY_TWO).join(_CENTRES):
        colour = STYLES[role].colour
        sketch.column(x, name, own, None, colour)
        figure.add_trace(markers(x, own, text))
        ways = {str(group.way): colour for group in own if group.way in DASHES} | ways
    legend(figure, ways, text)
    return _framed(figure, sketch, max(len(groups), len(beside[1])))


def _framed(figure: go.Figure, sketch: Sketch, rows: int) -> go.Figure:
    figure.update_layout(
        shapes=sketch.shapes,
        annotations=sketch.words,
        xaxis={"visible": False, "range": [-0.62, 1.45]},
        yaxis={"visible": False, "range": [rows - 0.45, -0.95]},
    )
    return styled(figure, height=STEP * rows + 90)


def block_figure(
    layers: Sequence[Layer], *, way: str, role: Role, ink: str, text: Text
) -> go.Figure:
    """One block from left to right: the branch's layers in a row, the shortcut as an arc over it.

    A layer's marker has its name as ``customdata``.
    """
    inside = {layer.name for layer in layers}
    around = [layer for layer in layers if on_shortcut(layer.name)]
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
        line={"color": GREY, "width": 1.5},
    )  # fmt: skip
    if way in DASHES:
        _bridge(figure, start, end, DASHES[way], role)
    _layer_markers(figure, layers, places, role, ink, text)
    figure.update_xaxes(visible=False, range=[-0.2, len(branch) + 1.2])
    figure.update_yaxes(visible=False, range=[-0.6, 1.45])
    return styled(figure, height=190).update_layout(margin={"t": 4})


def _start(
    around: Sequence[Layer],
    join: Layer | None,
    places: dict[str, tuple[float, float]],
    inside: set[str],
) -> float:
    """Where the shortcut leaves the branch: at the block's input, or after an activation."""
    first = around[0] if around else join
    sources = [name for name in first.inputs if name in inside] if first else []
    read = sources[-1] if sources and (around or len(sources) > 1) else None
    return places[read][0] if read in places else 0.0


def _bridge(figure: go.Figure, start: float, end: float, dash: str, role: Role) -> None:
    at = np.linspace(0, 1, 41)
    figure.add_scatter(
        x=start + (end - start) * at,
        y=np.minimum(1.0, 2.2 * np.sin(np.pi * at)),
        mode="lines",
        line={"color": STYLES[role].colour, "width": 2, "dash": dash},
        hoverinfo="skip",
        showlegend=False,
    )


def _layer_markers(
    figure: go.Figure,
    layers: Sequence[Layer],
    places: dict[str, tuple[float, float]],
    role: Role,
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
            "color": STYLES[role].colour,
            "line": {"width": 1, "color": "white"},
        },
        customdata=[layer.name for layer in layers],
        hovertext=[layer_sentence(layer, text) for layer in layers],
        hoverinfo="text",
        showlegend=False,
    )


def _short(layer: Layer) -> str:
    return "+" if layer.kind == "Add" else escape(inside_block(layer.name))


def layer_sentence(layer: Layer, text: Text) -> str:
    """One sentence with all numbers of a layer."""
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
