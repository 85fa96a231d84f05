"""Measure every check on healthy networks and CIFAR-10, and write the table of checks.md.

    python -m scripts.thresholds [FOLDER]

FOLDER holds other people's checkpoints (``*.th``); each gets a column. Takes minutes per network
and needs CIFAR-10's test images on this machine.
"""

import sys
from pathlib import Path

from resnet_viz import CheckpointReport, diagnose
from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.reading.state_dict import StateDict
from resnet_viz.core.places import ASSETS
from resnet_viz.diagnosis.thresholds import THRESHOLDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "checks.md"
START, END = "<!-- measured by scripts/thresholds.py -->", "<!-- end -->"
SKIPPED = {
    "known_checkpoint", "half_precision", "quantised", "plain_or_residual", "update_ratio",
    "copies", "set_aside", "merged", "head_none", "head_layers", "head_several", "head_convolution",
    "statistics_missing", "function", "function_open", "unknown_architecture", "not_built",
    "nearly", "photographs", "dead_branch", "class_count", "untrained", "young",
}  # fmt: skip


def networks(others: list[Path]) -> dict[str, Path]:
    """The bundled twins of all depths, then other people's checkpoints."""
    own = sorted((ASSETS / "checkpoints").glob("*.safetensors"), key=_depth_and_kind)
    other = {f"foreign {path.stem.partition('-')[0]}": path for path in others}
    return {**{path.stem: path for path in own}, **dict(sorted(other.items()))}


def _depth_and_kind(path: Path) -> tuple[int, str]:
    kind = path.stem.rstrip("0123456789")
    return int(path.stem.removeprefix(kind)), kind


def table(reports: dict[str, CheckpointReport], guesses: dict[str, dict[str, float]]) -> str:
    """One row per check: its thresholds and the value of each network."""
    names = list(reports)
    rows = [
        f"| check | warn / fail | {' | '.join(names)} |",
        "| --- | --- |" + " --- |" * len(names),
    ]
    for check, limits in THRESHOLDS.items():
        if check not in SKIPPED and "-" not in check:  # a case is one of a check
            below = "below " if limits.below else ""
            shown = f"{below}{_number(limits.warn)} / {_number(limits.fail)}"
            values = [_value(report, check) for report in reports.values()]
            rows.append(f"| `{check}` | {shown} | {' | '.join(values)} |")
    for guess in next(iter(guesses.values())):
        values = [_number(scores.get(guess)) for scores in guesses.values()]
        rows.append(f"| {guess} | | {' | '.join(values)} |")
    return "\n".join(rows)


def _value(report: CheckpointReport, check: str) -> str:
    finding = next((f for f in report.every_finding() if f.check == check), None)
    if finding is None:
        return "-"
    mark = {"warn": " (warns)", "fail": " (fails)"}.get(finding.severity.value, "")
    return f"{_number(finding.value)}{mark}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def guessed(path: Path) -> dict[str, float]:
    """The scores of wrong inputs and of the wrong topology, from the tensors alone."""
    identification = identify(StateDict(read_weights(path).tensors), path.stem)
    wrong = [
        score
        for name, score in identification.scores.items()
        if name.partition("+")[0] != identification.spec.kind
    ]
    return {
        "`preprocessing`, pixels in [0, 1]": identification.input_scores["zero_to_one"],
        "`preprocessing`, pixels in [0, 255]": identification.input_scores["zero_to_255"],
        "`bn_consistency_mean`, wrong topology": min(wrong),
    }


def main(others: list[Path]) -> None:
    """Measure, and replace the table."""
    paths = networks(others)
    reports = {name: diagnose(path, images="cifar10") for name, path in paths.items()}
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    guesses = {name: guessed(path) for name, path in paths.items()}
    body = f"{before}{START}\n{table(reports, guesses)}\n{END}{after}"
    PAGE.write_text(body, encoding="utf-8")


if __name__ == "__main__":
    main([path for folder in sys.argv[1:] for path in sorted(Path(folder).glob("*.th"))])
