"""Gradient norms by layer of both networks in one plot, and a caption."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float64

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, hover, layer_ticks, log_axis, styled
from resnet_viz.records import Pair, Role

_STEADY = 2.0  # factors below this are called steady


@dataclass(frozen=True, eq=False)
class GradientCurve:
    """One network's norms by layer, in order of execution.

    ``head`` is drawn, but left out of the ratio of first to last convolution.
    """

    role: Role
    label: str
    layers: tuple[str, ...]
    values: Float64[np.ndarray, " layers"]
    head: str = "fc"

    @property
    def drawable(self) -> Bool[np.ndarray, " layers"]:
        """Which values a logarithmic axis can show."""
        return np.asarray(np.isfinite(self.values) & (self.values > 0))


def first_over_last(curve: GradientCurve) -> float:
    """First norm divided by the last one before the head; NaN if undefined."""
    body = [float(v) for name, v in zip(curve.layers, curve.values, strict=True)
            if name != curve.head]  # fmt: skip
    if not body or not body[-1] or not np.isfinite(body[-1]):
        return float("nan")
    return body[0] / body[-1]


def gradient_figure(
    curves: Sequence[GradientCurve],
    *,
    quantity: str,
    score: str,
    selected: str | Pair[str] | None,
    text: Text,
) -> go.Figure:
    """Norm against layer on a logarithmic axis.

    What a logarithmic axis cannot show (exact zeros, infinities, NaN) is drawn as a cross at the
    lower edge and named, never dropped. A thin line marks the selected layer of each network. The
    axis has the layers of the network with most; a layer of the other stands at the same share of
    the way.
    """
    figure = go.Figure()
    floor = _floor(curves)
    layers = max((curve.layers for curve in curves), key=len, default=())
    equal = all(len(curve.layers) == len(layers) for curve in curves)
    for curve in curves:
        places = _places(curve, len(layers))
        _add_curve(figure, curve, places)
        _add_lost(figure, curve, places, floor, text)
    for curve, name in zip(curves, _each(selected), strict=False):
        colour = None if equal else STYLES[curve.role].colour
        for place in [] if name is None else _marked(curve, name, len(layers)):
            if not any(line.x0 == place for line in figure.layout.shapes):
                figure.add_vline(
                    x=place, line_width=1, line_dash="dot", opacity=0.6, line_color=colour
                )
    figure.update_yaxes(
        **log_axis(value for curve in curves for value in curve.values[curve.drawable]),
        title=text(f"figures.axis_{quantity}", score=text(f"figures.score_{score}")),
    )
    longest = next((curve.label for curve in curves if curve.layers is layers), "")
    figure.update_xaxes(
        title=text(
            "figures.axis_layers" if equal else "figures.axis_layers_of", network=escape(longest)
        ),
        range=[-0.5, len(layers) - 0.5],
        **layer_ticks(layers),
    )
    figure.update_layout(hovermode="closest", showlegend=True)
    return styled(figure, height=380)


def _places(curve: GradientCurve, longest: int) -> Float64[np.ndarray, " layers"]:
    """Where the layers of a curve stand on an axis of so many layers."""
    count = len(curve.layers)
    return np.arange(count) * ((longest - 1) / (count - 1) if count > 1 else 1.0)


def _marked(curve: GradientCurve, name: str, longest: int) -> list[float]:
    """The places of a layer, or of all layers of a block."""
    places = _places(curve, longest)
    return [float(places[i]) for i, layer in enumerate(curve.layers)
            if f"{layer}.".startswith(f"{name}.")]  # fmt: skip


def _each(selected: str | Pair[str] | None) -> Pair[str | None]:
    return Pair(selected.first, selected.second) if isinstance(selected, Pair) else Pair(
        selected, selected)  # fmt: skip


def gradient_caption(curves: Sequence[GradientCurve], text: Text, *, forward: bool = False) -> str:
    """How each curve changes from output to input, in numbers.

    ``forward``: the curves are of the signal, which is told from input to output.
    """
    parts = [_change(curve, text, forward=forward) for curve in curves if len(curve.values)]
    return text("figures.sentence", parts=text("figures.between").join(parts))


def _change(curve: GradientCurve, text: Text, *, forward: bool) -> str:
    lost = int((~curve.drawable).sum())
    ratio = first_over_last(curve)
    way = "change_forward" if forward else "change"
    if lost or not np.isfinite(ratio) or ratio <= 0:
        return text("figures.change_lost", label=curve.label, count=lost)
    if forward:
        ratio = 1 / ratio
    if max(ratio, 1 / ratio) < _STEADY:
        return text(f"figures.{way}_steady", label=curve.label, factor=readable(ratio, 2))
    if ratio > 1:
        return text(f"figures.{way}_grows", label=curve.label, factor=readable(ratio, 2))
    return text(f"figures.{way}_shrinks", label=curve.label, factor=readable(1 / ratio, 2))


def _add_curve(
    figure: go.Figure, curve: GradientCurve, places: Float64[np.ndarray, " layers"]
) -> None:
    there, style = curve.drawable, STYLES[curve.role]
    figure.add_scatter(
        x=places[there].tolist(),
        y=curve.values[there].tolist(),
        customdata=[escape(name) for name, ok in zip(curve.layers, there, strict=True) if ok],
        name=escape(curve.label),
        mode="lines+markers",
        line={"color": style.colour, "dash": style.dash, "width": 1.5},
        marker={"symbol": style.symbol, "size": 7},
        hovertext=hover(curve.values[there]),
        hovertemplate="%{customdata}: %{hovertext}",
    )


def _add_lost(
    figure: go.Figure,
    curve: GradientCurve,
    places: Float64[np.ndarray, " layers"],
    floor: float,
    text: Text,
) -> None:
    lost = np.flatnonzero(~curve.drawable)
    if not len(lost):
        return
    names = [f"{escape(curve.layers[i])}: {curve.values[i]}" for i in lost]
    figure.add_scatter(
        x=places[lost].tolist(),
        y=[floor] * len(lost),
        customdata=names,
        name=text("figures.lost", label=escape(curve.label), count=len(lost)),
        mode="markers",
        marker={"symbol": "x-open", "size": 9, "color": STYLES[curve.role].colour},
        hovertemplate="%{customdata}<extra></extra>",
    )


def _floor(curves: Sequence[GradientCurve]) -> float:
    lowest = [float(c.values[c.drawable].min()) for c in curves if c.drawable.any()]
    return min(lowest, default=1.0) / 3
