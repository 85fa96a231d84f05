"""Two checkpoints compared, as sentences and table rows."""

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.records import CheckFinding, CheckpointComparison, CheckpointReport, Severity

_ORDER = list(Severity)  # the worst first


def summary(comparison: CheckpointComparison, text: Text) -> str:
    """How similar the two checkpoints are, in one paragraph of measured numbers."""
    alike = text("beside.alike", count=comparison.count, value=f"{_best_match(comparison):.2f}")
    if comparison.agreement is not None:
        alike += text("beside.agreement", share=f"{comparison.agreement:.0%}")
    if comparison.moved:
        layer = max(comparison.moved, key=lambda name: comparison.moved[name])
        alike += text("beside.moved", layer=layer, value=readable(comparison.moved[layer], 2))
    return alike


def finding_rows(
    reports: tuple[CheckpointReport, CheckpointReport], text: Text
) -> list[dict[str, str]]:
    """One row per check and layer, the worst severity of either checkpoint first."""
    sides = [{(f.check, f.layer): f for f in report.findings} for report in reports]
    keys = dict.fromkeys(key for side in sides for key in side)
    worst = {key: min(_ORDER.index(s[key].severity) for s in sides if key in s) for key in keys}
    rows = []
    for key in sorted(keys, key=lambda each: worst[each]):
        finding = next(side[key] for side in sides if key in side)
        row = {
            text("beside.column_check"): finding.name(text),
            text("beside.column_layer"): finding.layer or "",
        }
        for number, side in enumerate(sides):
            name = f"{number + 1}. {reports[number].name}"
            row[name] = _cell(side.get(key), text)
        rows.append(row)
    return rows


def answer_rows(comparison: CheckpointComparison, text: Text) -> list[dict[str, str]]:
    """One row per picture: both answers with their probabilities."""
    return [
        {
            text("beside.column_picture"): row.name,
            f"1. {comparison.first}": f"{row.first} {row.first_probability:.0%}",
            f"2. {comparison.second}": f"{row.second} {row.second_probability:.0%}",
        }
        for row in comparison.answers
    ]


def _best_match(comparison: CheckpointComparison) -> float:
    """Mean over the first network's blocks of the highest CKA with any block of the second."""
    return sum(max(row) for row in comparison.cka) / len(comparison.cka)


def _cell(finding: CheckFinding | None, text: Text) -> str:
    if finding is None:
        return "-"
    value = "" if finding.value is None else f" {readable(finding.value)}"
    return f"{text(f'severities.{finding.severity}')}{value}"
