"""Gradients and signals of many networks in one plot, with the theoretical line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from itertools import groupby

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float64

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.gradient_plot import GradientCurve, gradient_caption
from resnet_viz.figures.theme import STYLES, RoleStyle, hover, log_axis, styled
from resnet_viz.records import GradientMeasurement, LayerGradient, Role, TrainingStep, role_alone
from resnet_viz.records.theory import theory
from resnet_viz.spec import Kind, NetworkSpec
from resnet_viz.spec.layer_names import on_shortcut

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_FAINT = 0.3  # opacity
_LINE = "rgba(128, 128, 128, 0.9)"


class LabQuantity(StrEnum):
    """The quantity on the vertical axis."""

    WEIGHT = "weight"
    RELATIVE = "relative"
    ACTIVATION = "activation"
    MEAN_SQUARE = "mean_square"
    VARIANCE = "variance"
    BRANCH = "branch"

    @property
    def forward(self) -> bool:
        """Whether it is of the signal, which goes from input to output."""
        return self in (LabQuantity.MEAN_SQUARE, LabQuantity.VARIANCE, LabQuantity.BRANCH)


@dataclass(frozen=True, eq=False)
class LabCurve:
    """One network: geometric mean over seeds, lowest and highest value, by layer."""

    spec: NetworkSpec
    layers: tuple[str, ...]
    mean: Float64[np.ndarray, " layers"]
    low: Float64[np.ndarray, " layers"]
    high: Float64[np.ndarray, " layers"]

    @property
    def role(self) -> Role:
        """That of the network's form; dashes tell the depths apart."""
        return role_alone(self.spec)

    @property
    def style(self) -> RoleStyle:
        """How it is drawn."""
        return STYLES[self.role]

    def titled(self, text: Text) -> str:
        """ResNet-56, plain-56."""
        return network_title(self.spec, text)


def lab_curves(
    measured: Sequence[GradientMeasurement], quantity: LabQuantity, step: int
) -> list[LabCurve]:
    """One curve per network at one training step, shallow networks first."""
    chosen = [m for m in measured if m.step == step]
    chosen.sort(key=_of_network)
    return [_curve(list(seeds), quantity) for _, seeds in groupby(chosen, key=_of_network)]


def step_curves(specs: Mapping[str, NetworkSpec], steps: Sequence[TrainingStep]) -> list[LabCurve]:
    """The weight gradients of one step of a training, without projections and head."""
    curves = []
    for step in steps:
        norms = {
            name: norm
            for name, norm in step.gradient_norms.items()
            if name != "fc" and not on_shortcut(name)
        }
        values = np.array(list(norms.values()), np.float64)
        curves.append(LabCurve(specs[step.kind], tuple(norms), values, values, values))
    return curves


def _of_network(measured: GradientMeasurement) -> tuple[int, bool]:
    return measured.spec.depth, measured.spec.kind is Kind.PLAIN


def _curve(seeds: list[GradientMeasurement], quantity: LabQuantity) -> LabCurve:
    layers = [_layers(m, quantity) for m in seeds]
    values = np.array([[_value(layer, quantity) for layer in row] for row in layers], np.float64)
    good = np.isfinite(values) & (values > 0)
    logs = np.log(np.where(good, values, 1.0)).mean(0)
    mean = np.where(good.all(0), np.exp(logs), values.min(0))
    return LabCurve(
        spec=seeds[0].spec,
        layers=tuple(layer.name for layer in layers[0]),
        mean=mean,
        low=values.min(0),
        high=values.max(0),
    )


def _layers(measured: GradientMeasurement, quantity: LabQuantity) -> Sequence[LayerGradient]:
    match quantity:
        case LabQuantity.WEIGHT | LabQuantity.RELATIVE | LabQuantity.ACTIVATION:
            return measured.convolutions()
        case LabQuantity.BRANCH:
            return [layer for layer in measured.layers if layer.name.endswith(".branch")]
        case LabQuantity.MEAN_SQUARE | LabQuantity.VARIANCE:
            return measured.blocks()


def _value(layer: LayerGradient, quantity: LabQuantity) -> float:
    match quantity:
        case LabQuantity.WEIGHT:
            value = layer.weight_gradient_norm
        case LabQuantity.RELATIVE:
            value = layer.relative_weight_gradient_norm
        case LabQuantity.ACTIVATION:
            value = layer.activation_gradient_norm
        case LabQuantity.MEAN_SQUARE:
            value = layer.mean_square
        case LabQuantity.VARIANCE | LabQuantity.BRANCH:
            value = layer.variance
    return float("nan") if value is None else value


def lab_figure(
    curves: Sequence[LabCurve], quantity: LabQuantity, text: Text, *, faint: Kind | None = None
) -> go.Figure:
    """All networks on one logarithmic axis; zeros, infinities and NaN are marked and named.

    Networks of the ``faint`` kind are drawn faintly, to compare with.
    """
    figure = go.Figure()
    depths = sorted({curve.spec.depth for curve in curves})
    good = [c.mean[np.isfinite(c.mean) & (c.mean > 0)] for c in curves]
    floor = min((float(g.min()) for g in good if len(g)), default=1.0) / 3
    for curve in curves:
        dash = _DASHES[depths.index(curve.spec.depth) % len(_DASHES)]
        _add_band(figure, curve)
        _add_line(figure, curve, dash, text, opacity=_FAINT if curve.spec.kind is faint else 1)
        _add_lost(figure, curve, floor, text)
    if quantity is LabQuantity.ACTIVATION:
        _add_theory(figure, curves, text)
    figure.update_yaxes(
        title=text(f"gradient_lab.axis_{quantity}"),
        **log_axis(value for shown in good for value in shown),
    )
    axis = "gradient_lab.blocks" if quantity.forward else "gradient_lab.layers"
    figure.update_xaxes(title=text(axis))
    figure.update_layout(hovermode="closest", showlegend=True)
    return styled(figure, height=460)


def _add_line(figure: go.Figure, curve: LabCurve, dash: str, text: Text, *, opacity: float) -> None:
    there = np.isfinite(curve.mean) & (curve.mean > 0)
    figure.add_scatter(
        x=(np.flatnonzero(there) + 1).tolist(),
        y=curve.mean[there].tolist(),
        customdata=[escape(n) for n, ok in zip(curve.layers, there, strict=True) if ok],
        name=escape(curve.titled(text)),
        mode="lines+markers",
        opacity=opacity,
        line={"color": curve.style.colour, "width": 1.5, "dash": dash},
        marker={"symbol": curve.style.symbol, "size": 5},
        hovertext=hover(curve.mean[there]),
        hovertemplate="%{customdata}: %{hovertext}",
    )


def _add_band(figure: go.Figure, curve: LabCurve) -> None:
    """From the lowest to the highest seed, where there are several."""
    there = np.isfinite(curve.high) & (curve.low > 0) & np.isfinite(curve.low)
    if not there.any() or (curve.low == curve.high).all():
        return
    places = (np.flatnonzero(there) + 1).tolist()
    red, green, blue = (int(curve.style.colour[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_scatter(
        x=[*places, *reversed(places)],
        y=[*curve.high[there].tolist(), *reversed(curve.low[there].tolist())],
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, 0.18)",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        mode="lines",
    )


def _add_lost(figure: go.Figure, curve: LabCurve, floor: float, text: Text) -> None:
    lost = np.flatnonzero(~(np.isfinite(curve.mean) & (curve.mean > 0)))
    if not len(lost):
        return
    label = escape(curve.titled(text))
    figure.add_scatter(
        x=(lost + 1).tolist(),
        y=[floor] * len(lost),
        customdata=[f"{escape(curve.layers[i])}: {curve.mean[i]}" for i in lost],
        name=text("figures.lost", label=label, count=len(lost)),
        mode="markers",
        marker={"symbol": "x-open", "size": 8, "color": curve.style.colour},
        hovertemplate="%{customdata}<extra></extra>",
    )


def _add_theory(figure: go.Figure, curves: Sequence[LabCurve], text: Text) -> None:
    """From the deepest plain network's last layer back to the input."""
    plain = [c for c in curves if theory(c.spec) is not None]
    if not plain or not plain[-1].mean[-1] > 0:
        return
    factor, last, count = theory(plain[-1].spec) or 1.0, plain[-1].mean[-1], len(plain[-1].mean)
    figure.add_scatter(
        x=[1, count],
        y=[float(last * factor ** (count - 1)), float(last)],
        name=text("gradient_lab.theory", factor=f"{factor:.3f}"),
        mode="lines",
        line={"color": _LINE, "width": 1.5, "dash": "dot"},
    )


def heat_figure(curves: Sequence[LabCurve], text: Text) -> go.Figure:
    """One row per network, one column per layer; the colour is the logarithm to base 10."""
    width = max(len(curve.mean) for curve in curves)
    rows = np.full((len(curves), width), np.nan)
    for place, curve in enumerate(curves):
        good = np.isfinite(curve.mean) & (curve.mean > 0)
        rows[place, : len(good)][good] = np.log10(curve.mean[good])
    figure = go.Figure(
        go.Heatmap(
            z=rows.tolist(),
            x=list(range(1, width + 1)),
            y=[escape(curve.titled(text)) for curve in curves],
            colorscale="Viridis",
            colorbar={"title": "log<sub>10</sub>"},
            hovertemplate="%{y}, %{x}: 10^%{z:.2f}<extra></extra>",
            hoverongaps=False,
        )
    )
    _cross_lost(figure, curves, text)
    figure.update_yaxes(type="category")
    figure.update_xaxes(title=text("gradient_lab.layers"))
    return styled(figure, height=120 + 36 * len(curves))


def _cross_lost(figure: go.Figure, curves: Sequence[LabCurve], text: Text) -> None:
    """A cross at every place that has no logarithm, with its value."""
    lost = [(i, c) for c in curves for i in np.flatnonzero(~(np.isfinite(c.mean) & (c.mean > 0)))]
    figure.add_scatter(
        x=[int(place) + 1 for place, _ in lost],
        y=[escape(curve.titled(text)) for _, curve in lost],
        customdata=[str(curve.mean[place]) for place, curve in lost],
        mode="markers",
        marker={"symbol": "x", "size": 7, "color": _LINE},
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def lab_caption(
    curves: Sequence[LabCurve], text: Text, quantity: LabQuantity = LabQuantity.WEIGHT
) -> str:
    """How each network's gradient changes towards the input, or its signal towards the output."""
    plain = [_plain(curve, text) for curve in curves]
    return gradient_caption(plain, text, forward=quantity.forward)


def _plain(curve: LabCurve, text: Text) -> GradientCurve:
    return GradientCurve(
        curve.role, curve.titled(text), curve.layers, np.asarray(curve.mean, np.float64)
    )


def growth_rows(
    measured: Sequence[GradientMeasurement], step: int, text: Text
) -> Iterator[dict[str, object]]:
    """One row per network: measured and theoretical gradient growth per convolution."""
    chosen = sorted((m for m in measured if m.step == step), key=_of_network)
    for _, group in groupby(chosen, key=_of_network):
        seeds = list(group)
        spec = seeds[0].spec
        ratios = [m.first_over_last for m in seeds if m.first_over_last is not None]
        row: dict[str, object] = {text("gradient_lab.network"): network_title(spec, text)}
        for stage in range(1, len(spec.depths) + 1):
            mean = float(np.mean([m.growth(stage) for m in seeds]))
            row[text("figures.stage", number=stage)] = f"{mean:.3f}"
        expected = theory(spec)
        row[text("gradient_lab.theory_column")] = "–" if expected is None else f"{expected:.3f}"
        row[text("gradient_lab.ratio")] = readable(float(np.median(ratios))) if ratios else "–"
        row[text("gradient_lab.loss")] = readable(float(np.mean([m.loss for m in seeds])), 4)
        yield row
