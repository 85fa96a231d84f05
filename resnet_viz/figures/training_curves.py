"""The curves of a training while it runs, against steps."""

from collections.abc import Sequence

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, styled
from resnet_viz.figures.training_plots import DASHES, Epochs
from resnet_viz.records import TWINS, Role, TrainingPoint

_MOMENT = "rgba(128, 128, 128, 0.9)"  # legible on white and on black


def live_curves(
    epochs: Epochs,
    points: Sequence[TrainingPoint],
    quantity: str,
    text: Text,
    *,
    per_epoch: int,
    height: int = 390,
) -> go.Figure:
    """Training batches (solid) and, after each epoch, test images (dashed), against steps.

    There are always four traces in the same order, so that a page can update them in place. A run
    that was recorded without points shows the average of each epoch instead.

    ``quantity`` is ``error``, in percent, or ``loss``; an epoch has ``per_epoch`` steps.
    """
    figure = go.Figure()
    scale = 100.0 if quantity == "error" else 1.0
    for role in TWINS:
        style, rows = STYLES[role], epochs.get(role, ())
        ends = [row.epoch * per_epoch for row in rows]
        x, y = _of_batches(points, role, quantity)
        if not x:
            x, y = ends, [getattr(row, f"train_{quantity}") for row in rows]
        for part, places, values in (
            ("train", x, y),
            ("test", ends, [getattr(row, f"test_{quantity}") for row in rows]),
        ):
            figure.add_scatter(
                x=places,
                y=[scale * value for value in values],
                name=text(f"train.curve_{part}", kind=text(f"roles.{role}")),
                mode="lines+markers" if part == "test" or len(places) == 1 else "lines",
                line={"color": style.colour, "dash": DASHES[part], "width": 2},
                opacity=1 if part == "test" else 0.75,
                marker={"symbol": style.symbol, "size": 6},
                hovertemplate="%{y:.2f}<extra>%{fullData.name}</extra>",
                showlegend=bool(values),
            )
    figure.update_xaxes(title=text("train.axis_step"), rangemode="tozero")
    figure.update_yaxes(title=text(f"train.axis_{quantity}"), rangemode="tozero")
    figure.update_layout(hovermode="x unified")
    return styled(figure, height=height)


def mark_moment(figure: go.Figure, step: int) -> None:
    """Draw a line at the step that is looked back at."""
    figure.add_vline(step, line={"color": _MOMENT, "width": 1.5, "dash": "dot"})


def _of_batches(
    points: Sequence[TrainingPoint], role: Role, quantity: str
) -> tuple[list[int], list[float]]:
    measured = [
        (point.step, (point.errors if quantity == "error" else point.losses)[role])
        for point in sorted(points, key=lambda point: point.step)
        if role in point.losses
    ]
    return [step for step, _ in measured], [value for _, value in measured]
