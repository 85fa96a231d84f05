"""``Finding``: the result of an experiment, with its plots, numbers and settings."""

from collections.abc import Iterator, Mapping
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
    ROWS = "rows"  # one row per curve on a common x axis, its note at the right end
    MAPS = "maps"  # small pictures side by side, one per matrix of ``maps``


#: Settings of an experiment by field; each experiment has its own config class that checks them.
Settings: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """Values y at positions x; curves of one name are repetitions and look alike."""

    name: str
    x: Float64[np.ndarray, " points"]
    y: Float64[np.ndarray, " points"]
    kind: Kind | None = None  # selects the colour
    names: tuple[str, ...] = ()  # of the points; may be empty
    low: Float64[np.ndarray, " points"] | None = None  # ends of the spread of y
    high: Float64[np.ndarray, " points"] | None = None
    note: str = ""  # printed at its end, such as a number


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of values with labelled rows and columns."""

    name: str
    rows: tuple[str, ...]  # labels
    columns: tuple[str, ...]  # labels
    values: Float64[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Zone:
    """A marked range of the x or of the y axis."""

    name: str  # key of the text files
    low: float
    high: float
    axis: str = "x"  # x or y
    start: float | None = None  # of a zone of y: where on x it begins and ends
    end: float | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """One plot: curves with common axes, one matrix, or several small maps."""

    name: str
    x: str  # axis title, a key of the text files
    y: str  # axis title, a key of the text files
    curves: tuple[Curve, ...] = ()
    matrix: Matrix | None = None
    mark: Mark = Mark.LINES
    log_y: bool = False
    zones: tuple[Zone, ...] = ()
    maps: tuple[Matrix, ...] = ()
    photo: bytes = b""  # PNG, on which the maps lie
    behind: str = ""  # name of the panel over which a switch lays this one


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
        Measured numbers by name. A number x may have a spread, from x_low to x_high.

    """

    experiment: str
    settings: Settings
    progress: float
    panels: tuple[Panel, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def leading(self) -> tuple[Panel, ...]:
        """The panels that show the result at a glance: the maps, two matrices, or the first."""
        maps = tuple(panel for panel in self.panels if panel.mark is Mark.MAPS)
        matrices = tuple(panel for panel in self.panels if panel.matrix is not None)
        return maps or matrices[:2] or self.panels[:1]

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per plotted value: panel, curve, point, x, y and the spread of y.

        For a matrix, curve is the matrix's name, point the row label and x the column label.
        """
        import pandas as pd

        rows = [row for panel in self.panels for row in (*_points(panel), *_cells(panel))]
        return pd.DataFrame(rows, columns=["panel", "curve", "point", "x", "y", "low", "high"])


def _points(panel: Panel) -> Iterator[dict[str, object]]:
    for curve in panel.curves:
        names = curve.names or [""] * len(curve.x)
        low, high = (curve.y if end is None else end for end in (curve.low, curve.high))
        spread = curve.low is not None
        for name, x, y, least, most in zip(names, curve.x, curve.y, low, high, strict=True):
            ends = {"low": float(least), "high": float(most)} if spread else {}
            yield {"panel": panel.name, "curve": curve.name, "point": name, "x": float(x),
                   "y": float(y), **ends}  # fmt: skip


def _cells(panel: Panel) -> Iterator[dict[str, object]]:
    for matrix in (*([panel.matrix] if panel.matrix is not None else []), *panel.maps):
        for row, line in zip(matrix.rows, matrix.values.tolist(), strict=True):
            for column, value in zip(matrix.columns, line, strict=True):
                yield {"panel": panel.name, "curve": matrix.name, "point": row, "x": column,
                       "y": value}  # fmt: skip


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
