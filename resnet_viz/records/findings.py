"""What an experiment found: panels to draw, numbers to say, and the settings they belong to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from resnet_viz.spec import Kind

if TYPE_CHECKING:
    import pandas as pd


class Mark(StrEnum):
    """How a panel is drawn."""

    LINES = "lines"
    POINTS = "points"
    BARS = "bars"
    HEAT = "heat"
    SURFACE = "surface"  # a matrix over two distances: contours, and a surface


@dataclass(frozen=True, eq=False)
class Curve:
    """Values y at x; ``names`` are those of the points, where they have any."""

    name: str
    x: Float64[np.ndarray, " points"]
    y: Float64[np.ndarray, " points"]
    kind: Kind | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Matrix:
    """Values by row and column, with what stands on both axes."""

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Float64[np.ndarray, "rows columns"]


@dataclass(frozen=True, eq=False)
class Panel:
    """One plot: curves on common axes, or one matrix. Axis titles are keys of the text files."""

    name: str
    x: str
    y: str
    curves: tuple[Curve, ...] = ()
    matrix: Matrix | None = None
    mark: Mark = Mark.LINES
    log_y: bool = False


@dataclass(frozen=True, eq=False)
class Finding:
    """What an experiment found so far. ``progress`` is 1 in its last record.

    ``answer`` is what was measured, as one of the experiment's answers; None until it is known.
    """

    experiment: str
    settings: Mapping[str, Any]
    progress: float
    panels: tuple[Panel, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    answer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "experiment": self.experiment,
            "settings": {name: _plain(value) for name, value in self.settings.items()},
            "numbers": dict(self.numbers),
            "answer": self.answer,
            "panels": [_panel(panel) for panel in self.panels],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], progress: float = 1.0) -> "Finding":
        """The finding that ``to_dict``, or its JSON, was made of."""
        return cls(
            experiment=values["experiment"],
            settings=dict(values["settings"]),
            progress=progress,
            panels=tuple(_read_panel(panel) for panel in values["panels"]),
            numbers={name: float(value) for name, value in values["numbers"].items()},
            answer=values["answer"],
        )

    def to_frame(self) -> "pd.DataFrame":
        """One row a drawn value: panel, curve, point, x, y."""
        import pandas as pd

        rows = [
            {"panel": panel.name, "curve": curve.name, "point": name, "x": x, "y": y}
            for panel in self.panels
            for curve in panel.curves
            for name, x, y in zip(
                curve.names or [""] * len(curve.x), curve.x.tolist(), curve.y.tolist(), strict=True
            )
        ]
        rows += [
            {"panel": panel.name, "curve": matrix.name, "point": row, "x": column, "y": value}
            for panel in self.panels
            if (matrix := panel.matrix) is not None
            for row, line in zip(matrix.rows, matrix.values.tolist(), strict=True)
            for column, value in zip(matrix.columns, line, strict=True)
        ]
        return pd.DataFrame(rows, columns=["panel", "curve", "point", "x", "y"])


@dataclass(frozen=True, eq=False)
class Recording:
    """A finding that is kept, and how it came to be: enough to repeat it."""

    name: str  # of the file, or of the run
    finding: Finding
    date: str  # of the last record, ISO 8601, UTC
    device: str
    threads: int  # of torch
    seconds: float  # of processor time, all attempts together
    command: str
    versions: Mapping[str, str]

    @property
    def seed(self) -> str:
        """Which seeds were used: the one of the settings, or those that were averaged."""
        seeds = self.finding.settings.get("seeds")
        if seeds is None:
            return str(self.finding.settings.get("seed", 0))
        return "0" if seeds == 1 else f"0-{seeds - 1}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the finding among them."""
        return {
            "name": self.name,
            "progress": self.finding.progress,
            "date": self.date,
            "device": self.device,
            "threads": self.threads,
            "seconds": self.seconds,
            "seed": self.seed,
            "command": self.command,
            "versions": dict(self.versions),
            "finding": self.finding.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recording":
        """The recording that ``to_dict``, or its JSON, was made of."""
        return cls(
            name=values["name"],
            finding=Finding.from_dict(values["finding"], values["progress"]),
            date=values["date"],
            device=values["device"],
            threads=values["threads"],
            seconds=values["seconds"],
            command=values["command"],
            versions=values["versions"],
        )


def _panel(panel: Panel) -> dict[str, Any]:
    drawn: dict[str, Any] = {"name": panel.name, "x": panel.x, "y": panel.y,
                             "mark": panel.mark.value, "log_y": panel.log_y}  # fmt: skip
    drawn["curves"] = [{k: _plain(v) for k, v in asdict(c).items()} for c in panel.curves]
    if panel.matrix is not None:
        drawn["matrix"] = {k: _plain(v) for k, v in asdict(panel.matrix).items()}
    return drawn


def _read_panel(drawn: Mapping[str, Any]) -> Panel:
    curves = tuple(
        Curve(
            name=one["name"],
            x=_read_array(one["x"]),
            y=_read_array(one["y"]),
            kind=None if one["kind"] is None else Kind(one["kind"]),
            names=tuple(one["names"]),
        )
        for one in drawn["curves"]
    )
    grid = drawn.get("matrix")
    matrix = None if grid is None else Matrix(
        grid["name"], tuple(grid["rows"]), tuple(grid["columns"]), _read_array(grid["values"])
    )  # fmt: skip
    return Panel(drawn["name"], drawn["x"], drawn["y"], curves, matrix, Mark(drawn["mark"]),
                 drawn["log_y"])  # fmt: skip


def _read_array(values: Any) -> np.ndarray:  # noqa: ANN401  # nested lists
    """Numbers; those that JSON writes as words ("nan", "inf") too. Read-only."""
    array = np.array(values, dtype=object).astype(np.float64)
    array.setflags(write=False)
    return array


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
