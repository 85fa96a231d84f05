"""``gate``: whether a checkpoint may pass, by limits and silenced checks of a project's own.

A baseline is a JSON file of the warnings and failures that are known. A finding is known if the
baseline has its check and layer with the same severity or a worse one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from resnet_viz.core.errors import OptionError, OutputError
from resnet_viz.core.saving import to_json, whole_file
from resnet_viz.diagnosis.causes import chained, unfolded
from resnet_viz.diagnosis.thresholds import THRESHOLDS, Threshold, ranked
from resnet_viz.records import CheckFinding, CheckpointReport, FailOn, Gate, Severity

SCHEMA_VERSION = 1
_MOST_BYTES = 4_000_000  # of a baseline
_BAD = (Severity.FAIL, Severity.WARN)

#: Severities of known findings by check and layer.
Baseline = Mapping[tuple[str, str | None], Severity]


@dataclass(frozen=True)
class Rules:
    """What a project demands of its checkpoints.

    Parameters
    ----------
    fail_on
        The mildest severity that closes the gate.
    silence
        Checks that are left out: names, or ``check:layer``; both may have wildcards, as in
        ``dead_*:layer1.*``.
    thresholds
        Limits by check, instead of the usual ones.

    """

    fail_on: FailOn = FailOn.NEVER
    silence: tuple[str, ...] = ()
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)


def judged(
    report: CheckpointReport, rules: Rules, baseline: Baseline | None = None
) -> tuple[CheckpointReport, Gate]:
    """Apply a project's rules to a report.

    Returns
    -------
    tuple
        The report, graded by the project's limits and without silenced checks, and the gate.

    """
    graded = list(report.findings)
    if rules.thresholds or rules.silence:  # without a cause its consequences count themselves
        graded = [_regraded(finding, rules.thresholds) for finding in unfolded(report.findings)]
    kept = [finding for finding in graded if not _silenced(finding, rules.silence)]
    silenced = sum(f.severity in _BAD for f in graded) - sum(f.severity in _BAD for f in kept)
    if rules.thresholds or rules.silence:
        kept = list(chained(kept, [layer.name for layer in report.layers]))
    known = tuple(f for f in kept if f.severity in _BAD and _known(f, baseline or {}))
    closing = tuple(f for f in kept if rules.fail_on.closes(f.severity) and f not in known)
    gate = Gate(rules.fail_on, closing, known, silenced)
    return replace(report, findings=ranked(kept)), gate


def read_baseline(path: Path) -> Baseline:
    """Read a baseline; ``OptionError`` if it is missing or is not one."""
    try:
        if not path.is_file():  # a pipe could be waited for without end
            raise OptionError("baseline_missing", file=path.name)
        with path.open("rb") as file:
            content = json.loads(file.read(_MOST_BYTES))
        if content["schema_version"] != SCHEMA_VERSION:
            raise ValueError(content["schema_version"])
        rows = content["findings"]
        return {
            (str(row["check"]), None if row["layer"] is None else str(row["layer"])): Severity(
                row["severity"]
            )
            for row in rows
        }
    except OSError as error:
        raise OptionError("baseline_missing", file=path.name) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise OptionError("baseline_damaged", file=path.name) from error


def write_baseline(path: Path, findings: Iterable[CheckFinding]) -> int:
    """Write the warnings and failures as a baseline, replacing an older one; return their number.

    Raises ``OutputError`` if the file cannot be written.
    """
    rows = [
        {"check": f.check, "layer": f.layer, "severity": f.severity.value}
        for f in findings if f.severity in _BAD
    ]  # fmt: skip
    content = to_json({"schema_version": SCHEMA_VERSION, "findings": rows})
    try:
        with whole_file(path) as partial:
            partial.write_text(f"{content}\n", encoding="utf-8")
    except OSError as error:
        raise OutputError("file_not_writable", file=path.name) from error
    return len(rows)


def _regraded(finding: CheckFinding, limits: Mapping[str, Threshold]) -> CheckFinding:
    """Grade a finding by the project's limits; one without a number keeps its severity."""
    own = limits.get(finding.key if finding.key in THRESHOLDS else finding.check)
    if own is None or finding.value is None:
        return finding
    severity, threshold = own.grade(finding.value)
    if severity is Severity.OK and finding.severity is Severity.NOTE:
        severity = Severity.NOTE
    return replace(finding, severity=severity, threshold=threshold)


def _silenced(finding: CheckFinding, silence: Iterable[str]) -> bool:
    for pattern in silence:
        check, colon, layer = pattern.partition(":")
        at_layer = not colon or fnmatchcase(finding.layer or "", layer)
        if at_layer and fnmatchcase(finding.check, check):
            return True
    return False


def _known(finding: CheckFinding, baseline: Baseline) -> bool:
    before = baseline.get((finding.check, finding.layer))
    order = list(Severity)
    return before is not None and order.index(before) <= order.index(finding.severity)


def known_checks(patterns: Iterable[str]) -> None:
    """Raise ``OptionError`` for a pattern that names no check."""
    for pattern in patterns:
        if not any(fnmatchcase(check, pattern.partition(":")[0]) for check in THRESHOLDS):
            raise OptionError("check_unknown", check=pattern, known=", ".join(THRESHOLDS))
