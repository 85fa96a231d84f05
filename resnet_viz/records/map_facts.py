"""What is said of a map besides its values: why it is blank, its layers, its sums."""

from dataclasses import dataclass
from enum import StrEnum


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
