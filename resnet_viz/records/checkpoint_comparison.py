"""Two checkpoints beside each other: layers, representations and answers."""

from collections.abc import Mapping
from dataclasses import dataclass


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
