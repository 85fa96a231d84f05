"""One map of what a network looked at, and how faithful it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.saving import save_record
from resnet_viz.pictures.resample import enlarge
from resnet_viz.records.comparison import WeightSource
from resnet_viz.records.role import Role
from resnet_viz.spec import NetworkSpec, ZooSpec


class Blank(StrEnum):
    """Why a map shows nothing."""

    WEIGHTS_NOT_FINITE = "weights_not_finite"  # NaN or infinite weights
    LAYER_NOT_FINITE = "layer_not_finite"  # the weights are finite, the activations are not
    GRADIENT_NOT_FINITE = "gradient_not_finite"  # the activations are finite, the gradients not
    NOT_FINITE = "not_finite"  # only the method's own arithmetic overflows
    NO_GRADIENT = "no_gradient"  # the score does not depend on anything here
    SATURATED = "saturated"  # it does, but it is flat here: every gradient is zero
    NEGATIVE = "negative"  # everything counts against the target, and the method shows what is for
    ZERO = "zero"  # activations and gradients there are, and their product is zero
    FLAT = "flat"  # the same value at every position
    ONE_POSITION = "one_position"  # the layer is 1 x 1


class Fusion(StrEnum):
    """How the maps of several layers become one, position by position."""

    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True)
class Fused:
    """Several layers instead of one; no ``layers`` means every block.

    Each layer's map after its ReLU is divided by its own maximum and enlarged to the input's size
    first, because maps of different layers have no common unit; a blank map stays zero.
    """

    how: Fusion
    layers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.how}({', '.join(self.layers)})"


@dataclass(frozen=True)
class MapStatistics:
    """Of the finite values of a map; ``positive`` and ``zero`` are shares from 0 to 1."""

    minimum: float
    maximum: float
    mean: float
    positive: float
    zero: float


@dataclass(frozen=True)
class Completeness:
    """Of methods that share out a difference of scores: the shares' sum, and the difference."""

    attributed: float
    difference: float

    @property
    def error(self) -> float:
        """|attributed - difference|."""
        return abs(self.attributed - self.difference)


class Better(StrEnum):
    """Which end of a score speaks for a map."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, eq=False)
class FaithfulnessScore:
    """One score; where it is the area under a curve, ``fractions`` and ``values`` are the curve.

    ``fractions`` are shares of pixels removed or shown, ``values`` the target's probability.
    """

    name: str
    value: float
    better: Better
    fractions: Float32[np.ndarray, " points"] | None = None
    values: Float32[np.ndarray, " points"] | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """One method's map of one image, raw, at the layer's own size (the input's without a layer).

    ``layer`` is None for methods at the input and where ``fused`` names several.
    ``against`` makes the score a difference of logits, target minus against. ``attributions`` are
    per input channel, for methods at the input.
    """

    network: str
    method: str
    options: Mapping[str, float]
    layer: str | None
    target: int
    against: int | None
    signed: bool
    map: Float[np.ndarray, "h w"]
    attributions: Float[np.ndarray, "channel height width"] | None
    logits: Float[np.ndarray, " classes"]
    input_size: tuple[int, int]  # height, width in pixels
    blank: Blank | None
    completeness: Completeness | None
    fused: Fused | None = None  # the layers, where the map is of more than one

    @property
    def place(self) -> str | None:
        """The layer, or the layers and how they were fused; None for the input."""
        return self.layer if self.fused is None else str(self.fused)

    @property
    def probabilities(self) -> Float[np.ndarray, " classes"]:
        """Softmax of the logits."""
        shifted = np.exp(self.logits - self.logits.max())
        return np.asarray(shifted / shifted.sum())

    @property
    def statistics(self) -> MapStatistics:
        """Of the map; all NaN where nothing in it is finite."""
        values = self.map[np.isfinite(self.map)]
        if not values.size:
            return MapStatistics(*[float("nan")] * 5)
        shares = [float((values > 0).mean()), float((values == 0).mean())]
        return MapStatistics(
            float(values.min()), float(values.max()), float(values.mean()), *shares
        )

    def upsampled(self, height: int, width: int) -> Float32[np.ndarray, "height width"]:
        """The map bilinearly enlarged, in pixels."""
        return np.asarray(enlarge(self.map[None], height, width)[0])

    def manifest(self) -> JsonObject:
        """Everything but the arrays, as JSON values."""
        statistics = self.statistics
        complete = self.completeness
        return {
            "network": self.network,
            "method": self.method,
            "options": dict(self.options),
            "layer": self.layer,
            "fused": self.fused
            and {
                "how": self.fused.how,
                "scaling": "own_maximum",
                "layers": list(self.fused.layers),
            },
            "target": self.target,
            "against": self.against,
            "signed": self.signed,
            "input_size": list(self.input_size),
            "map": {
                "shape": list(self.map.shape),
                "minimum": statistics.minimum,
                "maximum": statistics.maximum,
                "mean": statistics.mean,
                "positive": statistics.positive,
                "zero": statistics.zero,
            },
            "blank": self.blank,
            "completeness": complete
            and {"attributed": complete.attributed, "difference": complete.difference},
            "logits": [float(value) for value in self.logits],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """The map, the attributions where there are any, and the logits."""
        found = {"map": self.map, "logits": self.logits}
        return found if self.attributions is None else {**found, "attributions": self.attributions}

    def save(self, folder: str | Path) -> None:
        """``arrays.npz`` and ``manifest.json`` in a new folder; ``OutputError`` if it exists."""
        save_record(Path(folder), "explanation", self.manifest(), self.arrays())


@dataclass(frozen=True)
class Origin:
    """What a network is, and where its weights come from: a source in one word, or a file."""

    spec: NetworkSpec | ZooSpec
    source: WeightSource
    weights: str
    seed: int | None  # of random weights
    path: str | None  # of the weights' file, where there is one


@dataclass(frozen=True, eq=False)
class ExplainedPicture:
    """An explanation with the picture, the network, the class names and the scores it belongs to.

    ``role`` is the network's: beside another, or by itself. ``seen`` is what the network saw;
    ``photo`` is the same part of the picture for eyes.
    """

    role: Role
    name: str  # of the picture, safe to show
    digest: str  # of the picture's pixels
    origin: Origin
    classes: tuple[str, ...]
    seen: UInt8[np.ndarray, "size size 3"]
    photo: UInt8[np.ndarray, "side side 3"]
    explanation: Explanation
    scores: tuple[FaithfulnessScore, ...]

    @property
    def target_label(self) -> str:
        """The explained class by name."""
        return self.classes[self.explanation.target]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = [self.seen, self.photo, *self.explanation.arrays().values()]
        return sum(array.nbytes for array in arrays)
