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


def _panel(panel: Panel) -> dict[str, Any]:
    drawn: dict[str, Any] = {"name": panel.name, "x": panel.x, "y": panel.y, "log_y": panel.log_y}
    drawn["curves"] = [{k: _plain(v) for k, v in asdict(c).items()} for c in panel.curves]
    if panel.matrix is not None:
        drawn["matrix"] = {k: _plain(v) for k, v in asdict(panel.matrix).items()}
    return drawn


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
