"""How far a job is that counts what it does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """So many done; ``part`` says what the next one is busy with."""

    done: int
    total: int
    part: str = ""

    @property
    def key(self) -> str:
        """Only the latest is of interest."""
        return "progress"

    @property
    def share(self) -> float:
        """Of the whole, 0 to 1."""
        return min(self.done / max(1, self.total), 1.0)
