"""Plots of a training: curves, gradients over time, watched images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias, TypeVar

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float64, UInt8
from plotly.subplots import make_subplots

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.map_overlays import enlarge_pixels, overlay
from resnet_viz.figures.palettes import ColourRange
from resnet_viz.figures.theme import SERIES, STYLES, hover, stage_ticks, styled
from resnet_viz.records import TWINS, Epoch, Role, TrainingStep

R = TypeVar("R", Epoch, TrainingStep)

Epochs: TypeAlias = Mapping[str, Sequence[Epoch]]  # by kind of network, in order
Steps: TypeAlias = Mapping[str, Sequence[TrainingStep]]  # as Epochs

DASHES = {"test": "dash", "train": "solid"}
_MARKERS = {"test": "", "train": "-open"}  # one epoch alone has no line to tell them apart
_LOW = 300  # pixels; below, a title would touch the row above it
_WATCHED_SIDE = 128  # pixels


def curve_figure(epochs: Epochs, quantity: str, text: Text) -> go.Figure:
    """Training and test ``error`` (in percent) or ``loss`` of each network against epoch.

    There are always four traces in the same order, so that a page can update them in place.
    """
    figure = go.Figure()
    scale = 100.0 if quantity == "error" else 1.0
    for role in TWINS:
        style = STYLES[role]
        for part, dash in DASHES.items():
            rows = epochs.get(role, ())
            figure.add_scatter(
                x=[row.epoch for row in rows],
                y=[scale * getattr(row, f"{part}_{quantity}") for row in rows],
                name=text(f"train.curve_{part}", kind=text(f"roles.{role}")),
                mode="lines+markers",
                line={"color": style.colour, "dash": dash, "width": 2},
                marker={"symbol": style.symbol + _MARKERS[part], "size": 6},
                hovertemplate="%{y:.2f}<extra>%{fullData.name}</extra>",
                showlegend=bool(rows),
            )
    last = max((row.epoch for rows in epochs.values() for row in rows), default=1)
    figure.update_xaxes(
        title=text("train.axis_epoch"), range=[0, last + 0.5], dtick=max(1, -(-last // 10))
    )
    figure.update_yaxes(title=text(f"train.axis_{quantity}"), rangemode="tozero")
    figure.update_layout(hovermode="x unified")
    return styled(figure, height=390)


@dataclass(frozen=True)
class RunCurve:
    """One network of one run: epochs, and the shares of wrong answers after each."""

    title: str
    kind: str
    epochs: Sequence[int]
    test: Sequence[float]
    train: Sequence[float]


def runs_figure(curves: Sequence[RunCurve], text: Text) -> go.Figure:
    """Errors of several runs in percent against epoch: one colour per run, one marker per kind."""
    figure = go.Figure()
    titles = list(dict.fromkeys(curve.title for curve in curves))
    for curve in curves:
        colour = SERIES[titles.index(curve.title) % len(SERIES)]
        label = f"{escape(curve.title)}: {text(f'roles.{curve.kind}')}"
        for part, dash in DASHES.items():
            figure.add_scatter(
                x=list(curve.epochs),
                y=[100 * error for error in (curve.test if part == "test" else curve.train)],
                name=label,
                legendgroup=label,
                showlegend=part == "test",
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": STYLES[Role(curve.kind)].symbol + _MARKERS[part], "size": 6},
                hovertemplate="%{y:.2f}<extra>%{fullData.name}</extra>",
            )
    figure.update_xaxes(title=text("train.axis_epoch"))
    figure.update_yaxes(title=text("train.axis_error"), rangemode="tozero")
    return styled(figure, height=390)


def measured_steps(
    steps: Steps, quantity: str, text: Text, *, done: int = 0, height: int = 390
) -> go.Figure:
    """Layer against step, colour on one logarithmic range for both networks.

    A column reaches from its measured step to the next one, the last to the step ``done``.
    ``quantity``: ``gradient_norms`` (of dL/dW) or ``update_ratios``. Exact zeros and values that
    are not finite are left grey, and named in the hover text.
    """
    roles = [role for role in TWINS if steps.get(role)]
    figure = make_subplots(
        rows=max(len(roles), 1),
        shared_xaxes=True,
        vertical_spacing=0.12 if height > _LOW else 0.22,
        subplot_titles=[text(f"roles.{role}") for role in roles] or None,
    )
    shown_all: list[float] = []
    for row, role in enumerate(roles, 1):
        norms = _by_layer(steps[role], quantity)
        layers = list(getattr(steps[role][0], quantity))
        with np.errstate(divide="ignore", invalid="ignore"):
            shown = np.where(np.isfinite(norms) & (norms > 0), np.log10(norms), np.nan)
        shown_all += shown[np.isfinite(shown)].tolist()
        figure.add_heatmap(
            z=shown,
            x=_edges([step.step for step in steps[role]], done),
            y=list(range(len(layers))),
            hovertext=[hover(row) for row in norms],
            text=[
                [f"{escape(layer)}, {text('train.axis_step')} {step.step}" for step in steps[role]]
                for layer in layers
            ],
            coloraxis="coloraxis",
            hovertemplate="%{text}: %{hovertext}<extra></extra>",
            row=row,
            col=1,
        )
        places, names = stage_ticks(layers)
        figure.update_yaxes(tickvals=places, ticktext=names, autorange="reversed", row=row, col=1)
    figure.update_annotations(font_size=13)
    figure.update_xaxes(nticks=8)
    figure.update_xaxes(title=text("train.axis_step"), row=max(len(roles), 1), col=1)
    figure.update_layout(
        coloraxis={
            "colorscale": "Viridis",
            "colorbar": {
                "title": {"text": text(f"train.axis_{quantity}"), "side": "right"},
                "thickness": 12,
                **_powers(shown_all),
            },
        }
    )
    return styled(figure, height=height)


def _edges(steps: Sequence[int], done: int) -> list[int]:
    """Where each column of a heat map begins, and where the last one ends."""
    return [*steps, max(done, steps[-1] + 1)]


def _powers(exponents: Sequence[float]) -> dict[str, list[Any]]:
    """Marks of a colour bar of logarithms: powers of ten, or half powers on a short bar."""
    if not exponents:
        return {}
    low, high = min(exponents), max(exponents)
    step = 1.0 if high - low > 2 else 0.5
    marks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return {"tickvals": marks.tolist(), "ticktext": [readable(10**mark, 2) for mark in marks]}


def watched_row(
    images: Sequence[UInt8[np.ndarray, "height width 3"]],
    cams: Sequence[Float64[np.ndarray, "h w"]],
    colour_range: ColourRange,
) -> list[UInt8[np.ndarray, "tall wide 3"]]:
    """The watched images with a network's Grad-CAM over each."""
    factor = max(1, _WATCHED_SIDE // images[0].shape[0]) if images else 1
    return [
        overlay(enlarge_pixels(image, factor), cam, colour_range, opacity=0.55)
        for image, cam in zip(images, cams, strict=True)
    ]


def _by_layer(steps: Sequence[TrainingStep], quantity: str) -> Float64[np.ndarray, "layers steps"]:
    return np.array([list(getattr(step, quantity).values()) for step in steps], np.float64).T


def by_kind(records: Iterable[R]) -> dict[str, list[R]]:
    """Epochs, or steps, of each network, in order: a resumed run reports some of them again."""
    rows: dict[str, list[R]] = {}
    for record in sorted(records, key=_number):
        rows.setdefault(record.kind, []).append(record)
    return rows


def _number(record: Epoch | TrainingStep) -> int:
    return record.epoch if isinstance(record, Epoch) else record.step
