"""The report of a checkpoint diagnosis: identified network, findings, numbers of each layer."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.core.text import Text
from resnet_viz.records.check_finding import CheckFinding, Severity
from resnet_viz.records.file_code import FileCode
from resnet_viz.records.inside_layers import Xray
from resnet_viz.records.labelled import Labelled
from resnet_viz.spec import NetworkSpec

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd


class Tier(StrEnum):
    """How far a file could be diagnosed."""

    NETWORK = "network"  # the network was built and run
    WEIGHTS = "weights"  # its architecture is not built here: checks of the weights only


@dataclass(frozen=True)
class Identified:
    """The network that a checkpoint belongs to, inferred from its tensors."""

    family: str
    kind: str | None  # residual or plain; None if the weights fit both
    depth: int  # layers with weights
    block: str | None  # None, as other fields, for a network that is not built here
    widths: tuple[int, ...]  # channels of each stage
    shortcut: str | None  # None if ``kind`` is
    classes: int
    input_channels: int
    parameters: int
    confidence: float  # 0 to 1
    stages: tuple[int, ...]  # blocks of each stage
    order: str | None
    stem: str | None
    groups: int
    norm: str | None
    matched: int  # tensors assigned to the network
    total: int  # tensors in the file
    normalisation: str | None
    scores: Mapping[str, float]  # BN-consistency by candidate network; lower is better
    input_scores: Mapping[str, float]  # BN-consistency by input normalisation; lower is better
    training: JsonObject  # training settings found in the file
    class_names: tuple[str, ...]
    spec: NetworkSpec | None
    tier: Tier = Tier.NETWORK

    def contract(self) -> JsonObject:
        """Return the fields of the command line's JSON output."""
        names = ("family", "kind", "depth", "block", "widths", "shortcut", "classes",
                 "input_channels", "parameters", "confidence", "tier", "stages", "order", "stem",
                 "groups", "norm", "matched", "total", "normalisation", "scores", "input_scores",
                 "training")  # fmt: skip
        values = {name: encode(getattr(self, name)) for name in names}
        return {**values, "class_order": list(self.class_names), "spec": encode(self.spec)}


@dataclass(frozen=True)
class FileContents:
    """What a weights file has besides the network.

    Attributes
    ----------
    merged
        How weights were put together from their parts, by name.
    aside
        Names of tensors that belong to no network.
    heads
        Name, inputs and outputs of each layer of the head: "fc 64-10".
    head_kind
        What the head is made of; None if the file describes its network.

    """

    merged: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    head_kind: str | None = None


@dataclass(frozen=True)
class LayerHealth:
    """Measurements of one layer; None where a measurement does not apply to it."""

    name: str
    kind: str  # convolution, norm, activation or linear
    weight_rms: float | None = None  # root mean square of the weights
    spectral_norm: float | None = None  # ||W||_2, the largest singular value
    stable_rank: float | None = None  # ||W||_F^2 / ||W||_2^2
    dead_filters: float | None = None  # share of the filters, 0 to 1
    consistency: float | None = None  # BN-consistency score
    dead_units: float | None = None  # share of channels that no image activates, 0 to 1
    largest: float | None = None  # largest absolute activation
    gradient_norm: float | None = None  # ||dL/dW||_2


_COLUMNS = [each.name for each in fields(LayerHealth)]


class DiagnosisPart(StrEnum):
    """The steps of a diagnosis, in order."""

    READING = "reading"
    IDENTIFYING = "identifying"
    WEIGHTS = "weights"
    IMAGES = "images"
    INPUT = "input"
    LABELS = "labels"
    LOSSES = "losses"
    ROBUSTNESS = "robustness"
    RESIZING = "resizing"
    PRECISION = "precision"
    BESIDE = "beside"  # comparing two checkpoints
    DONE = "done"


_ALWAYS = (
    DiagnosisPart.READING,
    DiagnosisPart.IDENTIFYING,
    DiagnosisPart.WEIGHTS,
    DiagnosisPart.IMAGES,
    DiagnosisPart.INPUT,
)


@dataclass(frozen=True, repr=False)
class CheckpointReport:
    """The result of ``diagnose``.

    Attributes
    ----------
    name
        File name of the checkpoint.
    identified
        The network that it belongs to.
    findings
        Results of all checks, worst first; what follows from one is folded into it.
    layers
        Measurements of each layer.
    images
        The images that the network was run on: "bundled", the name of a folder, or "none".
    labelled
        Results on labelled images; None without labels.
    copies, copy
        Names of all sets of weights in the file, and of the one that was read; empty for one set.
    code
        Python code that loads the file without this library; None if the network is not built.
    contents
        What the file has besides the network.
    xray
        Histograms of every layer; None if they were not asked for, or the network is not built.

    """

    name: str
    identified: Identified
    findings: tuple[CheckFinding, ...]
    layers: tuple[LayerHealth, ...]
    images: str
    labelled: Labelled | None = None
    copies: tuple[str, ...] = ()
    copy: str = ""
    code: FileCode | None = None
    contents: FileContents = field(default_factory=FileContents)
    xray: Xray | None = None

    def __repr__(self) -> str:
        counts = [f"{n} {severity}" for severity in Severity if (n := self.count(severity))]
        kind = self.identified.kind or "residual or plain"
        return (
            f"{type(self).__name__}({self.name}: {self.identified.family}, {kind}, depth "
            f"{self.identified.depth}; {', '.join(counts) or 'no findings'})"
        )

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity, without what follows from others."""
        return sum(finding.severity is severity for finding in self.findings)

    def every_finding(self) -> Iterator[CheckFinding]:
        """Yield every finding, each followed by its consequences."""
        for finding in self.findings:
            yield from finding.every()

    def contract(self, text: Text) -> JsonObject:
        """Return the command line's JSON output.

        ``identified``, ``findings``, ``layers``, ``copies``, ``copy``, ``contents``, ``code`` and
        ``labelled``.

        ``labelled`` is missing for a diagnosis without labels.
        """
        labelled = {} if self.labelled is None else {"labelled": self.labelled.contract()}
        return {
            "identified": self.identified.contract(),
            "findings": [finding.contract(text) for finding in self.findings],
            "layers": [asdict(layer) for layer in self.layers],
            "images": self.images,
            "copies": list(self.copies),
            "copy": self.copy,
            "contents": encode(self.contents),
            "code": None if self.code is None else self.code.program,
            **labelled,
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per finding, in English; ``follows`` names the cause of a consequence."""
        import pandas as pd

        return pd.DataFrame(list(self.rows(Text("en"))))

    def rows(self, text: Text) -> Iterator[JsonObject]:
        """Yield the findings as flat rows, each followed by its consequences.

        ``follows`` is empty, or the check that a finding follows from.
        """
        for finding in self.findings:
            row = finding.contract(text)
            consequences = row.pop("consequences")
            yield {**row, "follows": ""}
            for each in consequences:
                yield {**each, "follows": finding.check}

    def layers_frame(self) -> "pd.DataFrame":
        """Return one row per layer, in order of execution."""
        import pandas as pd

        frame = pd.DataFrame([asdict(layer) for layer in self.layers], columns=_COLUMNS)
        numbers = dict.fromkeys(_COLUMNS[2:], "float64")  # behind name and kind; None is NaN
        return frame.astype(numbers)

    def save(self, folder: str | Path) -> None:
        """Write ``manifest.json`` to a new folder; ``OutputError`` if the folder exists."""
        save_record(Path(folder), "checkpoint_report", encode(self), {})

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "checkpoint_report", lambda saved, _: decode(cls, saved))


@dataclass(frozen=True)
class DiagnosisProgress:
    """The progress of a diagnosis."""

    part: DiagnosisPart
    share: float  # of ``part``, 0 to 1
    report: CheckpointReport | None = None  # so far

    @property
    def of_all(self) -> float:
        """The share of the parts of every diagnosis; of any other part its own."""
        if self.part not in _ALWAYS:
            return self.share
        return (_ALWAYS.index(self.part) + self.share) / len(_ALWAYS)
