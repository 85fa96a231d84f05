"""The signal check as a plot, and a caption."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.theme import STYLES, log_axis, styled
from resnet_viz.records import TWINS, Pair, SignalCheck

_HEALTHY = 100.0  # a larger change between the first and the last block is named
_ROWS = ("variances", "gradient_norms")


def signal_figure(checks: Pair[SignalCheck], text: Text) -> go.Figure:
    """Output variance and gradient norm of every block, on logarithmic axes."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for role, check in TWINS.join(checks):
        style = STYLES[role]
        for row, quantity in enumerate(_ROWS, 1):
            values = getattr(check, quantity)
            shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
            figure.add_scatter(
                row=row, col=1, x=list(check.blocks), y=shown,
                mode="lines+markers", name=text(f"roles.{role}"), showlegend=row == 1,
                line={"color": style.colour},
                marker={"symbol": style.symbol, "size": 6},
            )  # fmt: skip
    for row, quantity in enumerate(_ROWS, 1):
        figure.update_yaxes(
            title=text(f"design.axis_{quantity}"), row=row, col=1,
            **log_axis(value for check in checks for value in getattr(check, quantity)),
        )  # fmt: skip
    figure.update_xaxes(title=text("design.axis_blocks"), nticks=12, row=2, col=1)
    return styled(figure, height=460)


def signal_caption(checks: Pair[SignalCheck], text: Text) -> str:
    """How the gradient changes from the last block to the first, in numbers."""
    parts = [_verdict(text(f"roles.{role}"), check, text) for role, check in TWINS.join(checks)]
    return text("figures.sentence", parts=text("figures.between").join(parts))


def _verdict(label: str, check: SignalCheck, text: Text) -> str:
    norms = check.gradient_norms
    first, last = float(norms[0]), float(norms[-1])
    if not np.isfinite(norms).all() or first <= 0 or last <= 0:
        lost = int((~np.isfinite(norms) | (norms <= 0)).sum())
        return text("design.signal_lost", label=label, count=lost, blocks=len(norms))
    ratio = first / last
    change = "explodes" if ratio > _HEALTHY else "vanishes" if ratio < 1 / _HEALTHY else "passes"
    factor = ratio if change == "passes" else max(ratio, 1 / ratio)
    return text(f"design.signal_{change}", label=label, factor=readable(factor, 2))
