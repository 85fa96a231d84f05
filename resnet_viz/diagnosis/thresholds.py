"""``THRESHOLDS``: warning and failure limits of every check, and the grading by them.

docs/reference/checks.md has the measurements that the limits are taken from.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resnet_viz.core.number_format import readable
from resnet_viz.records import CheckFinding, Severity


@dataclass(frozen=True)
class Threshold:
    """Limits of a check: values above ``warn`` are warnings, above ``fail`` failures.

    None turns a limit off. With ``below``, values under the limits are bad.
    """

    warn: float | None
    fail: float | None
    below: bool = False

    def grade(self, value: float) -> tuple[Severity, float | None]:
        """Return the severity of a value, and the limit that it exceeds or is nearest to.

        NaN is within every limit: it compares with nothing, and ``not_finite`` reports it.
        """
        severity, threshold = Severity.OK, self.warn if self.warn is not None else self.fail
        for limit, grade in ((self.warn, Severity.WARN), (self.fail, Severity.FAIL)):
            if limit is not None and self.is_beyond(value, limit):
                severity, threshold = grade, limit
        return severity, threshold

    def is_beyond(self, value: float, limit: float) -> bool:
        """Whether a value is on the bad side of a limit."""
        return value < limit if self.below else value > limit


THRESHOLDS: Mapping[str, Threshold] = {
    "not_finite": Threshold(None, 0),  # values
    "zero_layer": Threshold(None, 0),  # layers whose weights are all equal
    "wild_weight": Threshold(60, 1000),  # largest weight over the RMS of the layer's others
    "dead_filters": Threshold(0.30, 0.45),  # share of a layer's filters
    "dead_filters-zeroed": Threshold(0, 0.45),  # the same, exactly zero under a living norm
    "duplicate_filters": Threshold(0.10, 0.50),  # share of a layer's filters like another one
    "bn_never_trained": Threshold(None, 0),  # layers with all means 0 and variances 1
    "bn_variance": Threshold(1e3, 1e6),
    "bn_variance-negative": Threshold(None, 0, below=True),
    "bn_scale": Threshold(10, 100),
    "bn_scale-zero": Threshold(0, 0.5),  # share of a layer's channels
    "bn_scale-small": Threshold(20, 100),  # how many times smaller than the usual layer's
    "bn_scale-large": Threshold(20, 100),  # how many times larger than the usual layer's
    "weight_scale": Threshold(3.0, None),  # RMS weight over the median of layers of the same shape
    "fresh_layer": Threshold(None, 0),  # layers whose weights look newly drawn
    "untrained": Threshold(None, 0),  # share of such layers, where most are
    "young": Threshold(0.3, 0.6),  # share of the initial values in all weights
    "head_bias": Threshold(3.0, None),  # largest minus smallest bias, in logits
    "update_ratio": Threshold(0.1, 1.0),  # ||last update|| / ||W||
    "half_precision": Threshold(None, None),
    "quantised": Threshold(None, None),
    "bn_consistency": Threshold(0.8, 1.2),  # a layer's score
    "bn_consistency-jump": Threshold(None, 0.3),  # of answers that are wrong
    "bn_consistency-channel": Threshold(1.5, 8.0),  # of one channel
    "bn_consistency_mean": Threshold(0.3, 0.5),
    "bn_consistency_mean-stale": Threshold(None, 0.0),
    "bn_consistency_mean-answers": Threshold(None, 0.1),
    "photographs": Threshold(None, None),
    "dead_branch": Threshold(None, None),
    "preprocessing": Threshold(0.8, 1.5),  # the first layer's score
    "channel_order": Threshold(0.02, None),  # confidence gained by BGR instead of RGB
    "input_size": Threshold(1.25, None),  # mean score at the size, over the best size's
    "plain_or_residual": Threshold(0.75, None, below=True),
    "dead_units": Threshold(0.35, 0.60),  # share of a layer's channels
    "activation_range": Threshold(6_550, 65_504),  # the largest half-precision number
    "train_eval": Threshold(0.60, 0.30, below=True),  # share of equal predictions
    "gradient_ratio": Threshold(70, None),  # first over last, or last over first
    "one_class": Threshold(0.75, 0.99),  # share of the most frequent prediction
    "class_order": Threshold(0.35, None, below=True),  # share of correct predictions
    "class_count": Threshold(0, None),  # outputs more or fewer than classes of the pictures
    "known_checkpoint": Threshold(None, None),
    "copies": Threshold(None, None),
    "set_aside": Threshold(None, None),
    "merged": Threshold(None, None),
    "head_none": Threshold(None, None),
    "head_layers": Threshold(None, None),
    "head_several": Threshold(None, None),
    "head_convolution": Threshold(None, None),
    "statistics_missing": Threshold(None, 0),  # whether they are
    "function": Threshold(None, None),
    "function_open": Threshold(None, None),
    "onnx_training": Threshold(None, 0),  # nodes of the graph
    "onnx_folded": Threshold(None, None),
    "onnx_not_run": Threshold(None, None),
    "onnx_differs": Threshold(1e-3, 0.05),  # ||difference of the outputs|| / ||outputs||
    "pair_frozen": Threshold(1e-3, None),  # mean relative distance of the running statistics
    "pair_statistics": Threshold(1e-6, None),  # mean relative distance of the weights
    "pair_unfit": Threshold(1.25, None),  # score of the worse over that of the better
    "pair_related": Threshold(None, None),
    "unknown_architecture": Threshold(None, None),
    "not_built": Threshold(None, None),
    "nearly": Threshold(None, None),
    "accuracy": Threshold(None, None),
    "recall": Threshold(0.5, 0.2, below=True),  # of a class, relative to the mean recall
    "calibration": Threshold(0.05, 0.15),  # expected calibration error, 15 bins
    "wrong_labels": Threshold(None, None),
    "confused_pair": Threshold(None, None),
    "robustness": Threshold(0.25, None),  # accuracy lost by a mild change
    "label_order": Threshold(0.2, 0.5),  # accuracy gained by reordering the classes
}


def graded(
    check: str,
    value: float,
    layer: str | None = None,
    *,
    note: bool = False,
    case: str = "",
    **words: str,
) -> CheckFinding:
    """Grade a value by the limits of a check.

    Parameters
    ----------
    check
        A key of ``THRESHOLDS``.
    value
        The measured value, in the unit of the threshold. NaN is within every limit: it compares
        with nothing, and ``not_finite`` reports where it is from.
    layer
        The layer that was measured, if the check is about one layer.
    note
        Grade a value within the limits as ``NOTE`` instead of ``OK``.
    case
        Which of the check's sentences applies, and whose limits if "check-case" has its own.
    **words
        Other values for the finding's message.

    """
    limits = THRESHOLDS.get(f"{check}-{case}", THRESHOLDS[check])
    severity, threshold = limits.grade(value)
    if note and severity is Severity.OK:
        severity = Severity.NOTE
    number = float(value) if math.isfinite(value) else None
    message_values = {"layer": layer or "", "value": readable(value), **words}
    return CheckFinding(
        check, severity, layer, number, threshold, tuple(message_values.items()), case
    )


def ranked(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    """Findings by severity, worst first; equal ones keep their order."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def worst(
    check: str, values: Mapping[str, float], *, case: str = "", only_bad: bool = False
) -> list[CheckFinding]:
    """The layers over the limits, worst first; without one, the layer closest to the limit.

    ``values`` are by layer, in order of execution; NaN is left out. ``only_bad`` returns nothing
    if no layer is over a limit.
    """
    sign = -1 if THRESHOLDS[check].below else 1
    numbers = [(layer, value) for layer, value in values.items() if not math.isnan(value)]
    by_size = sorted(numbers, key=lambda item: -sign * item[1])
    findings = [graded(check, value, layer, case=case) for layer, value in by_size]
    bad = [finding for finding in findings if finding.severity is not Severity.OK]
    if bad or only_bad or not findings:
        return bad
    return [findings[0] if findings[0].value else graded(check, by_size[0][1])]


def earliest(check: str, values: Mapping[str, float]) -> list[CheckFinding]:
    """The first layer over the failure limit, or else over the warning limit.

    For errors that spread from layer to layer: the first bad layer is the cause. Without a bad
    layer, the one closest to the limit is returned. ``values`` are by layer, in order of execution.
    """
    limits = THRESHOLDS[check]
    for limit in (limits.fail, limits.warn):
        for layer, value in values.items():
            if limit is not None and limits.is_beyond(value, limit):
                return [graded(check, value, layer)]
    return worst(check, values)
