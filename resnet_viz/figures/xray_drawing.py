"""A checkpoint as an X-ray: every layer coloured by its worst finding, and what is inside one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.theme import ACCENT, hover, styled
from resnet_viz.records import CheckpointReport, Histogram, Quantity, Severity
from resnet_viz.spec import Kind, NetworkSpec
from resnet_viz.spec.layer_names import block_of, inside_block, stage_of

#: Colour and symbol of a layer by its worst finding; the symbols alone tell them apart too.
_MARKS: Mapping[Severity, tuple[str, str]] = {
    Severity.FAIL: ("#dc2626", "x"),
    Severity.WARN: ("#d97706", "diamond"),
    Severity.NOTE: ("#2563eb", "circle"),
    Severity.OK: ("#15803d", "square"),
}
_ORDER = list(Severity)  # worst first
_GREY = "rgba(128, 128, 128, 0.9)"  # legible on white and on black
_ROW = 24  # pixels
_WIDE = 1000  # pixels of a page
_GHOST = "rgba(128, 128, 128, 0.75)"


@dataclass(frozen=True)
class _Place:
    """Where a layer is drawn."""

    layer: str
    column: int
    row: int


def worst_findings(report: CheckpointReport) -> dict[str, Severity]:
    """The severity of each layer's worst finding; ``OK`` for a layer without one.

    A finding on a part that has no row, such as one tensor, counts for the layer that it is in.
    """
    worst = {layer.name: Severity.OK for layer in report.layers}
    for finding in report.every_finding():
        name = finding.layer or ""
        while name and name not in worst:
            name = name.rpartition(".")[0]
        if name:
            worst[name] = min(worst[name], finding.severity, key=_ORDER.index)
    return worst


def xray_figure(report: CheckpointReport, selected: str | None, text: Text) -> go.Figure:
    """The network drawn once: a column for each block, a mark for each layer, arcs for shortcuts.

    The ``customdata`` of a mark is the layer's name.
    """
    worst = worst_findings(report)
    spec = report.identified.spec
    columns = _columns(list(worst), spec)
    places = _places(columns)
    size = max(5, min(16, int(0.6 * _WIDE / max(1, len(columns)))))
    figure = go.Figure()
    for severity, (colour, symbol) in reversed(list(_MARKS.items())):
        here = [place for place in places if worst[place.layer] is severity]
        if here:
            figure.add_scatter(
                x=[place.column for place in here],
                y=[place.row for place in here],
                customdata=[place.layer for place in here],
                text=[escape(place.layer) for place in here],
                mode="markers",
                name=text("xray.mark", severity=text(f"severities.{severity}"), count=len(here)),
                marker={"color": colour, "symbol": symbol, "size": size},
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": 1}},
                hovertemplate="%{text}<extra></extra>",
            )
    for place in places:
        if place.layer == selected:
            figure.add_scatter(
                x=[place.column], y=[place.row], mode="markers", hoverinfo="skip", showlegend=False,
                marker={"symbol": "square-open", "size": size + 9, "color": _GREY,
                        "line": {"width": 2}},
            )  # fmt: skip
    if spec is not None and report.identified.kind == Kind.RESIDUAL:
        _add_arcs(figure, columns)
    rows = max(place.row for place in places) + 1 if places else 1
    parts = [inside_block(layer) for layer in _longest(columns)]
    figure.update_xaxes(
        tickvals=list(_stages(columns).values()),
        ticktext=[escape(name) for name in _stages(columns)],
        showgrid=False,
        range=[-0.7, max(1, len(columns)) - 0.3],
    )
    figure.update_yaxes(
        tickvals=list(range(len(parts))) if spec is not None else [],
        ticktext=[escape(part) for part in parts],
        showgrid=False,
        range=[rows - 0.3, -1.2],
    )
    return styled(figure, height=90 + _ROW * (rows + 1))


def histogram_figure(
    quantity: Quantity,
    own: Histogram,
    healthy: Histogram | None,
    names: tuple[str, str],
    text: Text,
) -> go.Figure:
    """How the values of one layer lie, with those of the healthy network behind them.

    ``names`` are the labels of both. Shares are on a logarithmic axis, so that one wild value among
    thousands is still seen.
    """
    figure = go.Figure()
    if healthy is not None:
        _add_bins(figure, healthy, names[1], _GHOST, dash="dot")
    _add_bins(figure, own, names[0], ACCENT, dash="solid")
    figure.update_xaxes(title=text(f"xray.axis_{quantity}"))
    figure.update_yaxes(title=text("xray.axis_share"), type="log", exponentformat="power", dtick=1)
    if quantity in (Quantity.MEANS, Quantity.VARIANCES):
        figure.add_vline(x=0, line={"color": _GREY, "width": 1, "dash": "dash"})
    return styled(figure, height=230)


def _add_bins(figure: go.Figure, bins: Histogram, name: str, colour: str, dash: str) -> None:
    shares = [share or None for share in bins.shares]  # a logarithmic axis has no zero
    figure.add_scatter(
        x=bins.centres,
        y=shares,
        mode="lines+markers",
        name=escape(name),
        line={"color": colour, "width": 1.75, "dash": dash, "shape": "hvh"},
        marker={"size": 3},  # a bin between two empty ones is a point
        hovertext=[
            f"{readable(centre)}: {share}"
            for centre, share in zip(bins.centres, hover(shares), strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _columns(layers: Sequence[str], spec: NetworkSpec | None) -> dict[str, list[str]]:
    """The layers of each block, and of stem and head, in order of execution."""
    blocks = [] if spec is None else spec.blocks()
    columns: dict[str, list[str]] = {}
    stem = True
    for layer in layers:
        if spec is None:
            block = layer.rpartition(".")[0] or layer
        else:
            block = block_of(layer, blocks) or ("stem" if stem else "head")
            stem = stem and block == "stem"
        columns.setdefault(block, []).append(layer)
    return columns


def _places(columns: Mapping[str, Sequence[str]]) -> list[_Place]:
    """Equal parts of blocks in one row; what stem and head have besides goes by its order."""
    rows = {inside_block(layer): row for row, layer in enumerate(_longest(columns))}
    return [
        _Place(layer, column, rows.get(inside_block(layer), order))
        for column, layers in enumerate(columns.values())
        for order, layer in enumerate(layers)
    ]


def _longest(columns: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The column with the most layers, which gives every row its name."""
    return max(columns.values(), key=len, default=[])


def _stages(columns: Mapping[str, object]) -> dict[str, int]:
    starts: dict[str, int] = {}
    for place, name in enumerate(columns):
        starts.setdefault(stage_of(name), place)
    apart = max(1.0, len(columns) / 12)
    kept: dict[str, int] = {}
    for name, place in starts.items():
        if not kept or place - list(kept.values())[-1] >= apart:
            kept[name] = place
    return kept


def _add_arcs(figure: go.Figure, columns: Mapping[str, object]) -> None:
    """An arc over each block: its shortcut."""
    for place, name in enumerate(columns):
        if name not in ("stem", "head"):
            figure.add_shape(
                type="path",
                path=f"M {place - 0.45} -0.6 Q {place} -1.5 {place + 0.45} -0.6",
                line={"color": ACCENT, "width": 1.5},
            )
