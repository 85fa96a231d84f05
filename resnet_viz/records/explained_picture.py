"""``ExplainedPicture``: an explanation with its picture, its network and its scores."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from resnet_viz.records.comparison import WeightSource
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import FaithfulnessScore
from resnet_viz.records.footing import Footing
from resnet_viz.records.read_only import FrozenArrays
from resnet_viz.records.role import Role
from resnet_viz.spec import NetworkSpec, ZooSpec


@dataclass(frozen=True)
class Origin:
    """The architecture of a network and the source of its weights."""

    spec: NetworkSpec | ZooSpec
    source: WeightSource
    weights: str  # name of the source or of the weights file
    seed: int | None  # of random weights, else None
    path: str | None  # of the weights file, else None
    footing: Footing | None = None  # how it was trained, if its file says so


@dataclass(frozen=True, eq=False)
class ExplainedPicture(FrozenArrays):
    """An explanation together with its picture, network, class names and faithfulness scores."""

    role: Role  # of the network
    name: str  # of the picture, safe to display
    digest: str  # hash of the picture's pixels
    origin: Origin
    classes: tuple[str, ...]  # names by index
    seen: UInt8[np.ndarray, "size size 3"]  # the network's input as RGB
    photo: UInt8[np.ndarray, "side side 3"]  # the same part of the picture at display resolution
    explanation: Explanation
    scores: tuple[FaithfulnessScore, ...]
    emptied: UInt8[np.ndarray, "size size 3"] | None = None  # what deletion ends with
    blurred: UInt8[np.ndarray, "size size 3"] | None = None  # what insertion begins with

    @property
    def target(self) -> int:
        """Index of the explained class; a picture is never explained for a function."""
        assert self.explanation.target is not None
        return self.explanation.target

    @property
    def target_label(self) -> str:
        """Name of the explained class."""
        return self.classes[self.target]

    @property
    def probabilities(self) -> Float[np.ndarray, " classes"]:
        """The probability of each class."""
        found = self.explanation.probabilities
        assert found is not None
        return found

    @property
    def nbytes(self) -> int:
        """Size of the arrays in bytes."""
        arrays = [self.seen, self.photo, self.emptied, self.blurred]
        found = [*arrays, *self.explanation.arrays().values()]
        return sum(array.nbytes for array in found if array is not None)
