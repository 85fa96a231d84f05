"""Whether a diagnosis lets a checkpoint pass."""

from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.core.converter import JsonObject
from resnet_viz.records.check_finding import CheckFinding, Severity


class FailOn(StrEnum):
    """The mildest severity that closes the gate."""

    FAIL = "fail"
    WARN = "warn"
    NEVER = "never"

    def closes(self, severity: Severity) -> bool:
        """Whether a finding of this severity closes the gate."""
        order = list(Severity)
        return self is not FailOn.NEVER and order.index(severity) <= order.index(Severity(self))


@dataclass(frozen=True)
class Gate:
    """The verdict of a gate.

    Attributes
    ----------
    fail_on
        The mildest severity that closes it.
    new
        The findings that close it; empty if it is open.
    known
        The warnings and failures that are in the baseline.
    silenced
        Number of warnings and failures of silenced checks, which are not in the report.

    """

    fail_on: FailOn
    new: tuple[CheckFinding, ...] = ()
    known: tuple[CheckFinding, ...] = ()
    silenced: int = 0

    @property
    def closed(self) -> bool:
        """Whether the checkpoint may not pass."""
        return bool(self.new)

    def contract(self) -> JsonObject:
        """Return the command line's JSON output."""
        new = [{"check": f.check, "severity": f.severity.value, "layer": f.layer} for f in self.new]
        return {
            "closed": self.closed,
            "fail_on": self.fail_on.value,
            "new": new,
            "known": len(self.known),
            "silenced": self.silenced,
        }
