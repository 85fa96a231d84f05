"""What an experiment reports as a background run; its finding is a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class ExperimentProgress:
    """The share that is done, 0 to 1, and the seconds of processor time it took."""

    share: float
    seconds: float

    @property
    def key(self) -> str:
        """Only the latest is of interest."""
        return "progress"


@dataclass(frozen=True)
class ExperimentResult:
    """The numbers of the finding, and which of the experiment's answers they are."""

    numbers: Mapping[str, float]
    answer: str | None

    @property
    def key(self) -> str:
        """A run has one."""
        return "result"


ExperimentEvent: TypeAlias = ExperimentProgress | ExperimentResult
