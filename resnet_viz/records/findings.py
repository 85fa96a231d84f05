"""What an experiment found: panels to draw, numbers to say, and the settings they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    settings: Mapping[str, Any]  # of the experiment's own config: text, numbers, lists of them
    progress: float
    panels: tuple[Panel, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    answer: str | None = None

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
