"""What a method computes: a map before its last ReLU, pass by pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PassesDone:
    """``done`` of ``total`` passes."""

    done: int
    total: int
