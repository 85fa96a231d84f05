"""``Faithfulness``: how faithful a map is, by several measures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from resnet_viz.core.errors import OptionError
from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.records.read_only import FrozenArrays

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd


class Better(StrEnum):
    """Whether low or high values of a score are better."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, eq=False)
class FaithfulnessScore(FrozenArrays):
    """One faithfulness score, and its curve if it is the area under one."""

    name: str
    value: float
    better: Better
    fractions: Float32[np.ndarray, " points"] | None = None  # share of pixels removed or shown
    values: Float32[np.ndarray, " points"] | None = None  # the target's probability, or score

    def __repr__(self) -> str:
        return f"FaithfulnessScore({self.name} {readable(self.value, 4)}, {self.better} is better)"


@dataclass(frozen=True, eq=False, repr=False)
class Faithfulness:
    """The result of ``faithfulness``: the scores of one map, in the order of the measures.

    ``scores["deletion"]`` is a score by its name; iterating gives all of them. Empty for a map with
    values that are not finite.

    Attributes
    ----------
    network
        Name of the network.
    method
        Name of the method whose map was measured; "own" for a map that was given.
    scores
        One or more for each measure.

    """

    network: str
    method: str
    scores: tuple[FaithfulnessScore, ...]

    def __getitem__(self, name: str) -> FaithfulnessScore:
        for score in self.scores:
            if score.name == name:
                return score
        known = ", ".join(score.name for score in self.scores) or "-"
        raise OptionError("option_unknown", option="score", value=name, known=known)

    def __iter__(self) -> Iterator[FaithfulnessScore]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        values = ", ".join(f"{score.name} {readable(score.value, 4)}" for score in self.scores)
        return f"Faithfulness({self.network}, {self.method}: {values or 'no scores'})"

    @property
    def values(self) -> dict[str, float]:
        """The value of each score by its name."""
        return {score.name: score.value for score in self.scores}

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per score: its name, value, and whether low or high is better."""
        import pandas as pd

        rows = [{"score": s.name, "value": s.value, "better": s.better.value} for s in self.scores]
        return pd.DataFrame(rows, columns=["score", "value", "better"])

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder."""
        rows = [{"name": s.name, "value": s.value, "better": s.better} for s in self.scores]
        manifest = {"network": self.network, "method": self.method, "scores": rows}
        arrays = {
            f"{score.name}/{kind}": values
            for score in self.scores
            for kind, values in (("fractions", score.fractions), ("values", score.values))
            if values is not None
        }
        save_record(Path(folder), "faithfulness", manifest, arrays)

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "faithfulness", cls._from_saved)

    @classmethod
    def _from_saved(
        cls, manifest: Mapping[str, object], arrays: Mapping[str, np.ndarray]
    ) -> "Self":
        rows = manifest["scores"]
        assert isinstance(rows, list)
        return cls(
            str(manifest["network"]),
            str(manifest["method"]),
            tuple(
                FaithfulnessScore(
                    row["name"],
                    float(row["value"]),
                    Better(row["better"]),
                    arrays.get(f"{row['name']}/fractions"),
                    arrays.get(f"{row['name']}/values"),
                )
                for row in rows
            ),
        )
