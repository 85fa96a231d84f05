"""The thresholds of every check, in one table; docs/reference/checks.md has the measurements."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.records import CheckFinding, Severity


@dataclass(frozen=True)
class Threshold:
    """A value above ``warn`` or ``fail`` is a warning or a failure; None: never one.

    With ``below`` it is the other way round: small values are bad.
    """

    warn: float | None
    fail: float | None
    below: bool = False


THRESHOLDS: Mapping[str, Threshold] = {
    "not_finite": Threshold(None, 0),  # values
    "zero_layer": Threshold(None, 0),  # layers whose weights are all equal
    "dead_filters": Threshold(0.30, 0.45),  # share of a layer's filters
    "duplicate_filters": Threshold(0.10, 0.50),  # share of a layer's filters with a twin
    "bn_never_trained": Threshold(None, 0),  # layers with all means 0 and variances 1
    "bn_variance": Threshold(1e3, 1e6),
    "bn_scale": Threshold(10, 100),
    "weight_scale": Threshold(3.0, None),  # factor between equally shaped neighbours
    "fresh_layer": Threshold(None, 0),  # layers whose weights look newly drawn
    "head_bias": Threshold(3.0, None),  # largest minus smallest bias, in logits
    "update_ratio": Threshold(0.1, 1.0),  # ||last update|| / ||W||
    "half_precision": Threshold(None, None),
    "quantised": Threshold(None, None),
    "bn_consistency": Threshold(0.8, 1.2),  # a layer's score
    "bn_consistency_mean": Threshold(0.3, 0.5),
    "preprocessing": Threshold(0.8, 1.5),  # the first layer's score
    "channel_order": Threshold(0.02, None),  # confidence gained by BGR instead of RGB
    "input_size": Threshold(1.25, None),  # mean score at the size, over the best size's
    "plain_or_residual": Threshold(0.75, None, below=True),
    "dead_units": Threshold(0.35, 0.60),  # share of a layer's channels
    "activation_range": Threshold(6_550, 65_504),  # the largest half-precision number
    "train_eval": Threshold(0.60, 0.30, below=True),  # share of equal predictions
    "gradient_ratio": Threshold(70, None),  # first over last, or last over first
    "one_class": Threshold(0.75, 0.99),  # share of the most frequent answer
    "class_order": Threshold(0.35, None, below=True),  # share of right answers
    "known_checkpoint": Threshold(None, None),
    "accuracy": Threshold(None, None),
    "recall": Threshold(0.5, 0.2, below=True),  # of the mean recall
    "calibration": Threshold(0.05, 0.15),  # expected calibration error, 15 bins
    "wrong_labels": Threshold(None, None),
    "confused_pair": Threshold(None, None),
    "robustness": Threshold(0.25, None),  # accuracy lost by a mild change
    "label_order": Threshold(0.2, 0.5),  # accuracy gained by renaming the classes
}


def graded(
    check: str, value: float, layer: str | None = None, *, note: bool = False, **words: str
) -> CheckFinding:
    """A finding with the severity that the table gives to a value; ``note`` for a mere remark."""
    limits = THRESHOLDS[check]
    sign = -1 if limits.below else 1
    wrong = math.isnan(value)
    severity, threshold = Severity.OK, limits.warn if limits.warn is not None else limits.fail
    for limit, grade in ((limits.warn, Severity.WARN), (limits.fail, Severity.FAIL)):
        if limit is not None and (wrong or sign * value > sign * limit):
            severity, threshold = grade, limit
    if note and severity is Severity.OK:
        severity = Severity.NOTE
    told = {"layer": layer or "", "value": f"{value:.3g}", **words}
    return CheckFinding(check, severity, layer, float(value), threshold, tuple(told.items()))


def earliest(check: str, values: Mapping[str, float]) -> list[CheckFinding]:
    """The first layer beyond the failing, else the warning threshold; else the one nearest to it.

    For what spreads from layer to layer: the cause is where it begins.
    """
    limits = THRESHOLDS[check]
    for limit in (limits.fail, limits.warn):
        for layer, value in values.items():
            if limit is not None and (math.isnan(value) or value > limit):
                return [graded(check, value, layer)]
    return worst(check, values)


def worst(check: str, values: Mapping[str, float], most: int = 5) -> list[CheckFinding]:
    """Findings of the layers that are beyond the threshold, or one for the layer nearest to it.

    Where a number is lost (NaN) it is lost in all layers behind: the first alone is named.
    """
    sign = -1 if THRESHOLDS[check].below else 1
    lost = [(layer, value) for layer, value in values.items() if math.isnan(value)][:1]
    known = [(layer, value) for layer, value in values.items() if not math.isnan(value)]
    ranked = [*lost, *sorted(known, key=lambda item: -sign * item[1])]
    found = [graded(check, value, layer) for layer, value in ranked[:most]]
    bad = [finding for finding in found if finding.severity is not Severity.OK]
    if bad or not found:
        return bad
    return [found[0] if found[0].value else graded(check, ranked[0][1])]
