"""The plot of each finding of a diagnosis."""

from collections.abc import Mapping
from html import escape

import plotly.graph_objects as go

from resnet_viz.core.text import Text
from resnet_viz.figures.labelled_plots import (
    confusion_figure,
    recall_figure,
    reliability_figure,
    robustness_figure,
)
from resnet_viz.figures.theme import ACCENT, STYLES, hover, layer_ticks, log_axis, styled
from resnet_viz.records import CheckFinding, CheckpointReport, Labelled, Role

#: Which number of a layer a check is about.
_NUMBERS: Mapping[str, str] = {
    "bn_consistency": "consistency",
    "bn_consistency_mean": "consistency",
    "bn_never_trained": "consistency",
    "dead_units": "dead_units",
    "dead_filters": "dead_filters",
    "activation_range": "largest",
    "gradient_ratio": "gradient_norm",
    "weight_scale": "weight_rms",
    "zero_layer": "weight_rms",
    "fresh_layer": "stable_rank",
    "duplicate_filters": "stable_rank",
}
_LOGARITHMIC = {"largest", "gradient_norm", "weight_rms", "stable_rank"}
_LINED = {"bn_consistency", "dead_units", "dead_filters", "activation_range"}
_LIMIT = "#b91c1c"


def finding_figure(finding: CheckFinding, report: CheckpointReport, text: Text) -> go.Figure | None:
    """The plot of a finding; None if the number alone is enough."""
    if finding.check in _NUMBERS:
        return _by_layer(finding, report, text)
    if finding.check in ("preprocessing", "plain_or_residual"):
        return _scores(finding.check, report, text)
    return None if report.labelled is None else _of_labels(finding.check, report.labelled, text)


def _of_labels(check: str, measured: Labelled, text: Text) -> go.Figure | None:
    match check:
        case "calibration":
            return reliability_figure(measured, text)
        case "recall":
            return recall_figure(measured, text)
        case "accuracy" | "label_order" | "confused_pair":
            return confusion_figure(measured, text)
        case "robustness":
            return robustness_figure(measured, text)
        case _:
            return None


def _scores(check: str, report: CheckpointReport, text: Text) -> go.Figure | None:
    """The scores of the candidates for the input or the topology."""
    identified = report.identified
    if check == "preprocessing":
        named = {text(f"normalisations.{n}"): score for n, score in identified.input_scores.items()}
    else:
        named = {_topology(n, text): score for n, score in identified.scores.items()}
    return _bars(named, text("diagnosis.axis_score")) if named else None


def _topology(name: str, text: Text) -> str:
    """The words of a candidate: "residual, zeros behind"."""
    return ", ".join(text(f"topologies.{part}") for part in name.split("+"))


def _by_layer(finding: CheckFinding, report: CheckpointReport, text: Text) -> go.Figure | None:
    """One number by layer, with the finding's layer marked, and the threshold."""
    number = _NUMBERS[finding.check]
    rows = [(layer.name, getattr(layer, number)) for layer in report.layers]
    rows = [(name, value) for name, value in rows if value is not None]
    if not rows:
        return None
    names, values = zip(*rows, strict=True)
    style = STYLES[Role(report.identified.kind or "residual")]
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(len(names))),
        y=list(values),
        customdata=[escape(name) for name in names],
        mode="lines+markers",
        line={"color": style.colour, "width": 1.5},
        marker={"symbol": style.symbol, "size": [13 if n == finding.layer else 6 for n in names]},
        hovertext=hover(values),
        hovertemplate="%{customdata}: %{hovertext}<extra></extra>",
    )
    if finding.check in _LINED and finding.threshold is not None:
        figure.add_hline(y=finding.threshold, line={"color": _LIMIT, "width": 1, "dash": "dash"})
    positive = number in _LOGARITHMIC and min(values) > 0
    scale = log_axis(values) if positive else {"type": "linear"}
    figure.update_yaxes(title=text(f"diagnosis.axis_{number}"), **scale)
    figure.update_xaxes(title=text("figures.axis_layers"), **layer_ticks(names))
    return styled(figure, height=280)


def _bars(values: Mapping[str, float], title: str) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        x=list(values.values()),
        y=list(values),
        orientation="h",
        marker={"color": ACCENT},
        hovertext=hover(values.values()),
        hovertemplate="%{y}: %{hovertext}<extra></extra>",
    )
    figure.update_xaxes(title=title, **log_axis(values.values()))
    figure.update_yaxes(autorange="reversed")
    return styled(figure, height=120 + 28 * len(values))
