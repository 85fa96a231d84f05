"""What a diagnosis says of a checkpoint."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_viz.core.saving import save_record
from resnet_viz.core.text import Text
from resnet_viz.records.labelled import Labelled

if TYPE_CHECKING:
    import pandas as pd


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class CheckFinding:
    """What one check says of one layer, or of the whole network where ``layer`` is None.

    ``value`` is what was measured and ``threshold`` what it was held against; both are None where
    there is no number. ``words`` fill the sentences of the check.
    """

    check: str
    severity: Severity
    layer: str | None
    value: float | None
    threshold: float | None
    words: tuple[tuple[str, str], ...] = ()

    def name(self, text: Text) -> str:
        """What the check is called."""
        return text(f"check_name.{self.check}")

    def source(self, text: Text) -> str:
        """Where the threshold comes from."""
        return text(f"check_source.{self.check}")

    def advice(self, text: Text) -> str:
        """What was found, and what to try."""
        if self.severity is Severity.OK:
            return text("check.nothing")
        return text(f"check_advice.{self.check}", **dict(self.words))


@dataclass(frozen=True)
class Identified:
    """What network a checkpoint is of.

    ``kind`` and ``shortcut`` are None where plain and residual cannot be told apart. ``scores``
    are BN-consistency by candidate, ``input_scores`` by normalisation; lower is better.
    """

    family: str
    kind: str | None
    depth: int
    block: str
    widths: tuple[int, ...]
    shortcut: str | None
    classes: int
    input_channels: int
    parameters: int
    confidence: float
    stages: tuple[int, ...]
    order: str
    stem: str
    groups: int
    norm: str
    matched: int
    total: int
    normalisation: str
    scores: Mapping[str, float]
    input_scores: Mapping[str, float]
    training: Mapping[str, Any]
    class_names: tuple[str, ...]
    spec: Mapping[str, Any]  # ``NetworkSpec.from_dict`` reads it

    def contract(self) -> dict[str, Any]:
        """What programs are told."""
        names = ("family", "kind", "depth", "block", "widths", "shortcut", "classes",
                 "input_channels", "parameters", "confidence")  # fmt: skip
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class LayerHealth:
    """The numbers of one layer; None where a number has no meaning for it."""

    name: str
    kind: str  # convolution, norm, activation or linear
    weight_rms: float | None = None  # root mean square of the weights
    spectral_norm: float | None = None
    stable_rank: float | None = None  # ||W||_F^2 / ||W||_2^2
    dead_filters: float | None = None  # share
    consistency: float | None = None  # BN-consistency score
    dead_units: float | None = None  # share of channels that no image activates
    largest: float | None = None  # activation, absolute
    gradient_norm: float | None = None  # ||dL/dW||_2


class DiagnosisPart(StrEnum):
    """What a diagnosis is busy with, in this order."""

    READING = "reading"
    IMAGES = "images"
    LABELS = "labels"
    LOSSES = "losses"
    ROBUSTNESS = "robustness"
    BESIDE = "beside"  # two checkpoints
    DONE = "done"


@dataclass(frozen=True)
class CheckpointReport:
    """A diagnosis: what the checkpoint is, and every finding, the worst first."""

    name: str
    identified: Identified
    findings: tuple[CheckFinding, ...]
    layers: tuple[LayerHealth, ...]
    images: str  # what it was run on: "bundled", or a folder's name
    labelled: Labelled | None = None

    def count(self, severity: Severity) -> int:
        """How many findings have a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def contract(self, text: Text) -> dict[str, Any]:
        """The JSON of the command line: ``identified``, ``findings``; ``labelled`` with labels."""
        labelled = {} if self.labelled is None else {"labelled": self.labelled.contract()}
        return {
            "identified": self.identified.contract(),
            "findings": [
                {
                    "check": finding.check,
                    "severity": finding.severity.value,
                    "layer": finding.layer,
                    "value": finding.value,
                    "threshold": finding.threshold,
                    "source": finding.source(text),
                    "advice": finding.advice(text),
                }
                for finding in self.findings
            ],
            **labelled,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; ``from_dict`` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "CheckpointReport":
        """The inverse of ``to_dict``, also after a way through JSON."""
        known = dict(values["identified"])
        known |= {name: tuple(known[name]) for name in ("widths", "stages", "class_names")}
        spec = known["spec"].items()
        known["spec"] = {k: tuple(v) if isinstance(v, list) else v for k, v in spec}
        findings = [
            CheckFinding(**{**row, "severity": Severity(row["severity"]),
                       "value": _number(row["value"]),
                       "words": tuple((str(k), str(v)) for k, v in row["words"])})
            for row in values["findings"]
        ]  # fmt: skip
        layers = [
            LayerHealth(
                name=row["name"],
                kind=row["kind"],
                **{k: _number(v) for k, v in row.items() if k not in ("name", "kind")},
            )
            for row in values["layers"]
        ]
        labelled = values["labelled"]
        return cls(
            name=values["name"],
            identified=Identified(**known),
            findings=tuple(findings),
            layers=tuple(layers),
            images=values["images"],
            labelled=None if labelled is None else Labelled.from_dict(labelled),
        )

    def to_frame(self) -> "pd.DataFrame":
        """One row a finding."""
        import pandas as pd

        return pd.DataFrame(self.contract(Text("en"))["findings"])

    def save(self, folder: str | Path) -> None:
        """``manifest.json`` in a new folder; ``OutputError`` if it exists."""
        save_record(Path(folder), "checkpoint_report", self.to_dict(), {})


def _number(value: Any) -> float | None:  # noqa: ANN401  # from JSON, where NaN is a word
    return None if value is None else float(value)


@dataclass(frozen=True)
class DiagnosisProgress:
    """How far a diagnosis is: its part, the share of it that is done, and the report so far."""

    part: DiagnosisPart
    share: float
    report: CheckpointReport | None = None
