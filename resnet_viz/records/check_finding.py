"""``CheckFinding``: the result of one check of a checkpoint, with what follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.text import Text


class Severity(StrEnum):
    """How serious a finding is, worst first."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class CheckFinding:
    """The result of one check on one layer or on the whole network.

    Attributes
    ----------
    check
        Key of the check's sentences in the text files.
    severity
        How serious it is. A cause is at least as serious as what follows from it.
    layer
        None for the whole network.
    value, threshold
        The measured value and its limit, in the unit of the check; None without a number.
    words
        Placeholders of the advice and their values.
    case
        Which of the check's sentences applies: the key after its name; empty for the usual one.
    consequences
        Findings that this one explains: what it causes, and the same defect in other layers. They
        have no consequences of their own.

    """

    check: str
    severity: Severity
    layer: str | None
    value: float | None
    threshold: float | None
    words: tuple[tuple[str, str], ...] = ()
    case: str = ""
    consequences: "tuple[CheckFinding, ...]" = ()

    def name(self, text: Text) -> str:
        """Return the translated name of the check."""
        return text(f"check_name.{self.check}")

    def source(self, text: Text) -> str:
        """Return the source of the threshold."""
        own = f"check_source.{self.key}"
        return text(own if text.has(own) else f"check_source.{self.check}")

    def advice(self, text: Text) -> str:
        """Return a sentence that says what was found and what to try."""
        if self.severity is Severity.OK:
            return text("check.nothing")
        return text(f"check_advice.{self.key}", **dict(self.words))

    @property
    def key(self) -> str:
        """The check with its case, as in "bn_scale-zero"."""
        return f"{self.check}-{self.case}" if self.case else self.check

    def every(self) -> Iterator["CheckFinding"]:
        """Yield this finding, then its consequences."""
        yield self
        yield from self.consequences

    def contract(self, text: Text) -> JsonObject:
        """Return the finding in the command line's JSON output.

        The advice of a consequence is to mend its cause: its own would mislead.
        """
        follows = text("check.follows", cause=self.name(text))
        consequences = [{**each.contract(text), "advice": follows} for each in self.consequences]
        for row in consequences:
            del row["consequences"]
        return {
            "check": self.check,
            "severity": self.severity.value,
            "layer": self.layer,
            "value": self.value,
            "threshold": self.threshold,
            "source": self.source(text),
            "advice": self.advice(text),
            "consequences": consequences,
        }
