"""``Explanation``: an attribution map of one image, and its faithfulness scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, UInt8

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.saving import save_record
from resnet_viz.pictures.resample import enlarge, sides_of
from resnet_viz.records.analysis import Activation, probabilities_of
from resnet_viz.records.comparison import WeightSource
from resnet_viz.records.role import Role
from resnet_viz.spec import NetworkSpec, ZooSpec


class Blank(StrEnum):
    """Why a map is blank."""

    WEIGHTS_NOT_FINITE = "weights_not_finite"  # NaN or infinite weights
    LAYER_NOT_FINITE = "layer_not_finite"  # finite weights, but NaN or infinite activations
    GRADIENT_NOT_FINITE = "gradient_not_finite"  # finite activations, but not gradients
    NOT_FINITE = "not_finite"  # the method's own arithmetic overflows
    NO_GRADIENT = "no_gradient"  # the score does not depend on the layer
    SATURATED = "saturated"  # the score depends on the layer, but every gradient is zero
    NEGATIVE = "negative"  # all evidence is against the target; the method shows evidence for it
    ZERO = "zero"  # neither activations nor gradients are zero, but their product is
    FLAT = "flat"  # the same value at every position
    ONE_POSITION = "one_position"  # the layer is 1 x 1


class Fusion(StrEnum):
    """How the maps of several layers are combined at each position."""

    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True)
class Fused:
    """The combination of the maps of several layers.

    After its ReLU, each map is divided by its maximum and enlarged to the input's size, because
    maps of different layers have no common unit. A blank map stays zero.
    """

    how: Fusion
    layers: tuple[str, ...] = ()  # empty: every block

    def __str__(self) -> str:
        return f"{self.how}({', '.join(self.layers)})"


@dataclass(frozen=True)
class MapStatistics:
    """Statistics of the finite values of a map."""

    minimum: float
    maximum: float
    mean: float
    positive: float  # share of values above zero, 0 to 1
    zero: float  # share of values equal to zero, 0 to 1


@dataclass(frozen=True)
class Completeness:
    """The completeness check of methods whose attributions sum to a difference of scores."""

    attributed: float  # sum of the attributions
    difference: float  # score of the image minus score of the baseline

    @property
    def error(self) -> float:
        """The absolute error, |attributed - difference|."""
        return abs(self.attributed - self.difference)


class Better(StrEnum):
    """Whether low or high values of a score are better."""

    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, eq=False)
class FaithfulnessScore:
    """One faithfulness score, and its curve if it is the area under one."""

    name: str
    value: float
    better: Better
    fractions: Float32[np.ndarray, " points"] | None = None  # share of pixels removed or shown
    values: Float32[np.ndarray, " points"] | None = None  # the target's probability, or score


@dataclass(frozen=True, eq=False)
class Explanation:
    """The result of ``explain``: one method's map of one image.

    Attributes
    ----------
    network
        Name of the network.
    method
        Name of the method (``MethodName``).
    options
        Values of the method's options.
    layer
        The layer; None for a method at the input and for fused layers.
    target
        Index of the explained class; None for a target function.
    against
        If given, the explained score is the difference of logits, ``target`` minus ``against``.
    signed
        Whether negative values have a meaning.
    map
        The map, not rescaled, at the layer's resolution; at the input's without a layer. It has an
        axis for each axis of positions of the input.
    attributions
        Attribution of each input value; None for a method at a layer.
    logits
        Output of the network; None if it is not logits.
    input_size
        Sides of the input: height and width in pixels.
    blank
        Why the map is blank; None if it is not.
    completeness
        Check of the attributions' sum; None for methods without this property.
    fused
        The layers and how they are combined; None for a single layer.
    activation
        How ``logits`` become probabilities.

    """

    network: str
    method: str
    options: Mapping[str, float]
    layer: str | None
    target: int | None
    against: int | None
    signed: bool
    map: Float[np.ndarray, "..."]
    attributions: Float[np.ndarray, "channel ..."] | None
    logits: Float[np.ndarray, " classes"] | None
    input_size: tuple[int, ...]
    blank: Blank | None
    completeness: Completeness | None
    fused: Fused | None = None
    activation: Activation = Activation.SOFTMAX

    @property
    def place(self) -> str | None:
        """The layer, or the fused layers as text; None for a method at the input."""
        return self.layer if self.fused is None else str(self.fused)

    @property
    def probabilities(self) -> Float[np.ndarray, " classes"] | None:
        """The probability of each class by ``activation``; None without logits."""
        return None if self.logits is None else probabilities_of(self.logits, self.activation)

    @property
    def statistics(self) -> MapStatistics:
        """Statistics of the map; NaN if no value is finite."""
        values = self.map[np.isfinite(self.map)]
        if not values.size:
            return MapStatistics(*[float("nan")] * 5)
        shares = [float((values > 0).mean()), float((values == 0).mean())]
        return MapStatistics(
            float(values.min()), float(values.max()), float(values.mean()), *shares
        )

    def upsampled(self, size: int | tuple[int, ...], *more: int) -> Float32[np.ndarray, "..."]:
        """Return the map, linearly enlarged along each axis.

        ``size`` is as of ``Analysis.upsampled``; the sides may also be given one by one.
        """
        sides = (size, *more) if more and isinstance(size, int) else size
        return np.asarray(enlarge(self.map[None], *sides_of(sides, self.map.ndim))[0])

    def manifest(self) -> JsonObject:
        """Return everything except the arrays as JSON values."""
        statistics = self.statistics
        completeness = self.completeness
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
            "completeness": completeness
            and {"attributed": completeness.attributed, "difference": completeness.difference},
            "activation": self.activation,
            "logits": None if self.logits is None else [float(value) for value in self.logits],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the map and, if present, the logits and the attributions."""
        arrays = {"map": self.map}
        if self.logits is not None:
            arrays["logits"] = self.logits
        if self.attributions is not None:
            arrays["attributions"] = self.attributions
        return arrays

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder.

        Raises
        ------
        OutputError
            If the folder exists.

        """
        save_record(Path(folder), "explanation", self.manifest(), self.arrays())


@dataclass(frozen=True)
class Origin:
    """The architecture of a network and the source of its weights."""

    spec: NetworkSpec | ZooSpec
    source: WeightSource
    weights: str  # name of the source or of the weights file
    seed: int | None  # of random weights, else None
    path: str | None  # of the weights file, else None


@dataclass(frozen=True, eq=False)
class ExplainedPicture:
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
        arrays = [self.seen, self.photo, *self.explanation.arrays().values()]
        return sum(array.nbytes for array in arrays)
