"""Events of an experiment that runs in the background; its finding is stored in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class ExperimentProgress:
    """The progress of an experiment."""

    share: float  # done, 0 to 1
    seconds: float  # processor time so far

    @property
    def key(self) -> str:
        """Always the same: only the latest event is stored."""
        return "progress"


@dataclass(frozen=True)
class ExperimentResult:
    """The numbers of a finding, and the answer that they decide on."""

    numbers: Mapping[str, float]
    answer: str | None  # one of the experiment's answers; None if undecided

    @property
    def key(self) -> str:
        """Unique: a run has one result."""
        return "result"


#: Anything that an experiment's background run reports.
ExperimentEvent: TypeAlias = ExperimentProgress | ExperimentResult
