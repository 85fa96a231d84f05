"""``Finding``: the result of an experiment, with its plots, numbers and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Float64

from resnet_viz.spec import Kind

if TYPE_CHECKING:
    import pandas as pd


class Mark(StrEnum):
    """The plot type of a panel."""

    LINES = "lines"
    POINTS = "points"
    BARS = "bars"
    HEAT = "heat"
    SURFACE = "surface"  # a matrix over two numeric axes, drawn as contours and as a 3-D surface


#: Settings of an experiment by field; each experiment has its own config class that checks them.
Settings: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """Values y at positions x."""

    name: str
    x: Float64[np.ndarray, " points"]
    y: Float64[np.ndarray, " points"]
    kind: Kind | None = None  # selects the colour
    names: tuple[str, ...] = ()  # of the points; may be empty


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of values with labelled rows and columns."""

    name: str
    rows: tuple[str, ...]  # labels
    columns: tuple[str, ...]  # labels
    values: Float64[np.ndarray, "rows columns"]


@dataclass(frozen=True, eq=False)
class Panel:
    """One plot: curves with common axes, or one matrix."""

    name: str
    x: str  # axis title, a key of the text files
    y: str  # axis title, a key of the text files
    curves: tuple[Curve, ...] = ()
    matrix: Matrix | None = None
    mark: Mark = Mark.LINES
    log_y: bool = False


@dataclass(frozen=True, eq=False)
class Finding:
    """The result of an experiment, complete when ``progress`` is 1.

    Attributes
    ----------
    experiment
        Name of the experiment.
    settings
        The fields of the experiment's config.
    progress
        Share of the work that is done, 0 to 1.
    panels
        The plots.
    numbers
        Measured numbers by name.
    answer
        The measured outcome, one of the experiment's ``answers``; None until it is known.

    """

    experiment: str
    settings: Settings
    progress: float
    panels: tuple[Panel, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    answer: str | None = None

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per plotted value, with columns panel, curve, point, x and y.

        For a matrix, curve is the matrix's name, point the row label and x the column label.
        """
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
    """A saved finding and what is needed to reproduce it."""

    name: str  # of the file or the background run
    finding: Finding
    date: str  # when the finding was last updated, ISO 8601, UTC
    device: str
    threads: int  # torch.get_num_threads()
    seconds: float  # processor time, summed over resumed runs
    command: str  # that reproduces the finding
    versions: Mapping[str, str]  # by library

    @property
    def seed(self) -> str:
        """The seed, or the range of seeds that were averaged, such as "0-9"."""
        seeds = self.finding.settings.get("seeds")
        if seeds is None:
            return str(self.finding.settings.get("seed", 0))
        return "0" if seeds == 1 else f"0-{seeds - 1}"
