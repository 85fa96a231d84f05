"""``chained``: fold every finding into the one that explains it, so that the first cause is first.

A damaged tensor is found by many checks: its own, those of the layers after it, and those of the
answers. ``_FOLLOWS`` says what a cause explains, in the order in which causes are looked for: what
is in the file, then what photographs show layer by layer, then sums over layers, then answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from resnet_viz.diagnosis.thresholds import ranked
from resnet_viz.records import CheckFinding, Severity

_BAD = (Severity.FAIL, Severity.WARN)

#: Checks of answers, which follow from any defect of the network or of its input.
_ANSWERS = frozenset({
    "one_class", "class_order", "recall", "calibration", "label_order", "wrong_labels",
    "confused_pair", "robustness", "channel_order",
})  # fmt: skip
#: Checks of the network as a whole.
_SUMS = frozenset({
    "bn_consistency_mean", "train_eval", "plain_or_residual", "gradient_ratio", "input_size",
    "function_open", "photographs",
})  # fmt: skip
#: Checks of single layers on photographs.
_RUN = frozenset({
    "bn_consistency", "activation_range", "dead_units", "dead_branch", "preprocessing",
}) | _SUMS | _ANSWERS  # fmt: skip
#: Checks of the weights of one layer that others of the same layer explain.
_WEIGHTS = frozenset({
    "dead_filters", "duplicate_filters", "weight_scale", "wild_weight", "bn_scale", "bn_variance",
    "bn_never_trained", "fresh_layer", "head_bias", "young",
})  # fmt: skip

#: What each cause explains. A finding is explained by the first cause that names its check.
_FOLLOWS: Mapping[str, frozenset[str]] = {
    "not_finite": _RUN | _WEIGHTS,
    "untrained": _RUN | _WEIGHTS | {"statistics_missing"},
    "statistics_missing": _SUMS,
    "young": _RUN | {"fresh_layer", "bn_never_trained"},
    "wild_weight": _RUN | {"weight_scale", "dead_filters", "duplicate_filters"},
    "zero_layer": _RUN | (_WEIGHTS - {"bn_scale", "bn_variance", "bn_never_trained"}),
    "fresh_layer": _RUN | {"weight_scale", "bn_never_trained"},
    "bn_never_trained": _RUN,
    "bn_variance": _RUN,
    "bn_scale": _RUN,
    "dead_filters": _RUN,
    "duplicate_filters": _RUN,
    "weight_scale": _RUN,
    "bn_consistency_mean-stale": _RUN,
    "bn_consistency_mean-answers": _RUN,
    "bn_consistency_mean-everywhere": _RUN,
    "bn_consistency": _RUN - {"preprocessing"},
    "preprocessing": _RUN,
    "activation_range": _RUN,
    "bn_consistency_mean": _RUN,
    "dead_units": _ANSWERS,
    "train_eval": _ANSWERS,
    "class_count": _ANSWERS,
    "label_order": _ANSWERS,
    "channel_order": _ANSWERS,
    "class_order": _ANSWERS,
    "head_bias": _ANSWERS,
    "one_class": _ANSWERS,
}
#: Causes that explain the weights of their own layer alone, and what is run everywhere.
_OF_ONE_LAYER = frozenset({"not_finite", "wild_weight", "zero_layer"})
#: Notes that are folded too, because a cause makes them meaningless.
_FOLDED_NOTES = frozenset({
    "wrong_labels", "confused_pair", "function_open", "dead_branch", "photographs",
    "plain_or_residual",
})  # fmt: skip


def chained(findings: Iterable[CheckFinding], layers: Sequence[str]) -> tuple[CheckFinding, ...]:
    """Fold findings into their causes; worst first, what is wrong before what is in order.

    Parameters
    ----------
    findings
        Of all checks, in any order, none folded yet.
    layers
        Names of all layers, in order of execution. A layer explains nothing before it.

    """
    place = {name: number for number, name in enumerate(layers)}
    open_findings = list(findings)
    causes: list[CheckFinding] = []
    for check, follows in _FOLLOWS.items():
        own = [f for f in open_findings if f.severity in _BAD and check in _keys(f)]
        while own:
            cause = min(own, key=lambda f: _place(f, place))
            explained = [f for f in open_findings if f is not cause
                         and _explains(cause, f, follows, place)]  # fmt: skip
            taken = [cause, *explained]
            causes.append(_folded(cause, explained))
            open_findings = [f for f in open_findings if all(f is not t for t in taken)]
            own = [f for f in own if all(f is not t for t in taken)]
    return ranked([*causes, *open_findings])


def unfolded(findings: Iterable[CheckFinding]) -> list[CheckFinding]:
    """Every finding by itself again, for a diagnosis that goes on."""
    return [replace(each, consequences=()) for f in findings for each in f.every()]


def _keys(finding: CheckFinding) -> tuple[str, str]:
    return finding.check, f"{finding.check}-{finding.case}"


def _place(finding: CheckFinding, place: Mapping[str, int]) -> int:
    return place.get(finding.layer or "", -1)


def _explains(
    cause: CheckFinding, other: CheckFinding, follows: frozenset[str], place: Mapping[str, int]
) -> bool:
    if other.check == cause.check:
        return other.severity in _BAD  # the same in another layer
    if other.check not in follows:
        return False
    if other.severity not in _BAD and other.check not in _FOLDED_NOTES:
        return False
    if cause.check in _OF_ONE_LAYER and other.check in _WEIGHTS:
        return other.layer == cause.layer
    return other.severity is not Severity.OK and (
        other.layer is None or _place(other, place) >= _place(cause, place)
    )


def _folded(cause: CheckFinding, explained: Sequence[CheckFinding]) -> CheckFinding:
    """The cause with its consequences, at least as serious as each of them."""
    consequences = ranked(explained)
    worst = ranked([cause, *consequences])[0].severity
    return replace(cause, severity=worst, consequences=consequences)
