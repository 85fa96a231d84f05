"""The comparison of two checkpoints: weights, representations (CKA) and predictions."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_viz.records.check_finding import CheckFinding


@dataclass(frozen=True)
class AnsweredPicture:
    """The predicted classes of both networks on one picture."""

    name: str  # of the picture
    first: str
    first_probability: float  # 0 to 1
    second: str
    second_probability: float  # 0 to 1


@dataclass(frozen=True)
class CheckpointComparison:
    """The similarity of two checkpoints.

    Attributes
    ----------
    first, second
        Names of the checkpoints.
    images, count
        Name of the image source, and the number of images.
    first_blocks, second_blocks
        Names of the residual blocks.
    cka
        ``cka[i][j]`` is the similarity of block i of the first and block j of the second network;
        1 means equal up to rotation and scale.
    moved
        ||W2 - W1|| / ||W1|| by layer; empty if the networks have different layers.
    agreement
        Share of images with equal predictions, 0 to 1; None if the classes differ.
    answers
        Both predictions on each picture.
    findings
        What weights and running statistics say about the two together.

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
    findings: tuple[CheckFinding, ...] = ()
