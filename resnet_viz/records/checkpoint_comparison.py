"""Two checkpoints beside each other: layers, representations and answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class AnsweredPicture:
    """What both networks answer on one picture, each with its probability."""

    name: str
    first: str
    first_probability: float
    second: str
    second_probability: float


@dataclass(frozen=True)
class CheckpointsBeside:
    """What two checkpoints have in common.

    ``cka[i][j]`` is the similarity (1: alike up to rotation and scale) of block i of the first and
    block j of the second network. ``moved`` is ||W2 - W1|| / ||W1|| by layer, where the networks
    have the same layers, else {}. ``agreement`` is the share of equal answers; None where the
    classes differ. ``images`` names what was looked at, ``count`` how many.
    """

    first: str
    second: str
    images: str
    count: int
    first_blocks: tuple[str, ...]
    second_blocks: tuple[str, ...]
    cka: tuple[tuple[float, ...], ...]
    moved: Mapping[str, float]
    agreement: float | None
    answers: tuple[AnsweredPicture, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; ``from_dict`` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "CheckpointsBeside":
        """The inverse of ``to_dict``, also after a way through JSON."""
        return cls(
            first=values["first"],
            second=values["second"],
            images=values["images"],
            count=values["count"],
            first_blocks=tuple(values["first_blocks"]),
            second_blocks=tuple(values["second_blocks"]),
            cka=tuple(tuple(map(float, row)) for row in values["cka"]),
            moved={layer: float(value) for layer, value in values["moved"].items()},
            agreement=values["agreement"],
            answers=tuple(AnsweredPicture(**row) for row in values["answers"]),
        )
