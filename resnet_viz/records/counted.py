"""``Counted``: the progress of a job that processes a known number of items."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """The number of items done, out of ``total``."""

    done: int
    total: int
    part: str = ""  # name of the item in progress

    @property
    def key(self) -> str:
        """Always the same: only the latest event is stored."""
        return "progress"

    @property
    def share(self) -> float:
        """Share of the items that are done, 0 to 1."""
        return min(self.done / max(1, self.total), 1.0)
