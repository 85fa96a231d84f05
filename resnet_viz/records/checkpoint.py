"""What a diagnosis says of a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_viz.core.converter import JsonObject, encode
from resnet_viz.core.saving import save_record
from resnet_viz.core.text import Text
from resnet_viz.records.labelled import Labelled
from resnet_viz.spec import NetworkSpec

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
    training: JsonObject  # whatever the file says
    class_names: tuple[str, ...]
    spec: NetworkSpec

    def contract(self) -> JsonObject:
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

    def contract(self, text: Text) -> JsonObject:
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

    def to_frame(self) -> "pd.DataFrame":
        """One row a finding."""
        import pandas as pd

        return pd.DataFrame(self.contract(Text("en"))["findings"])

    def save(self, folder: str | Path) -> None:
        """``manifest.json`` in a new folder; ``OutputError`` if it exists."""
        save_record(Path(folder), "checkpoint_report", encode(self), {})


@dataclass(frozen=True)
class DiagnosisProgress:
    """How far a diagnosis is: its part, the share of it that is done, and the report so far."""

    part: DiagnosisPart
    share: float
    report: CheckpointReport | None = None
