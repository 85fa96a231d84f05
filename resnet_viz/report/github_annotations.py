"""A diagnosis as annotations of GitHub Actions.

A workflow command is one line: ``::error file=F,title=T::MESSAGE``. Every value is escaped as
GitHub's own toolkit does, so that text of a file cannot begin another command.
"""

from collections.abc import Iterable

from resnet_viz.core.text import Text
from resnet_viz.records import CheckFinding, Severity

_LEVELS = {Severity.FAIL: "error", Severity.WARN: "warning", Severity.NOTE: "notice"}


def annotations(findings: Iterable[CheckFinding], file: str, text: Text) -> list[str]:
    """One command for each finding that did not pass."""
    return [
        annotation(_LEVELS[finding.severity], file, _title(finding, text), finding.advice(text))
        for finding in findings
        if finding.severity in _LEVELS
    ]


def annotation(level: str, file: str, title: str, message: str) -> str:
    """One command."""
    return f"::{level} file={_property(file)},title={_property(title)}::{_data(message)}"


def _title(finding: CheckFinding, text: Text) -> str:
    at = "" if finding.layer is None else f" ({finding.layer})"
    return f"{finding.name(text)}{at}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
