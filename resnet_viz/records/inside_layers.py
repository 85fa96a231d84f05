"""``Xray``: the values inside every layer of a checkpoint, beside those of a healthy network."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a histogram counts."""

    WEIGHTS = "weights"  # of a convolution or linear layer
    SCALES = "scales"  # of a normalisation, one value a channel
    MEANS = "means"  # (mean on the pictures - running mean) / running deviation, by channel
    VARIANCES = "variances"  # log2(variance on the pictures / running variance), by channel
    ACTIVATIONS = "activations"  # what an activation puts out on the pictures


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each of several bins of equal width.

    ``low`` and ``high`` are the ends of the first and the last bin; ``lost`` counts values that are
    not finite.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    lost: int = 0

    @property
    def shares(self) -> list[float]:
        """The share of the finite values in each bin."""
        total = sum(self.counts)
        return [count / total if total else 0.0 for count in self.counts]

    @property
    def centres(self) -> list[float]:
        """The middle of each bin."""
        width = (self.high - self.low) / len(self.counts)
        return [self.low + (place + 0.5) * width for place in range(len(self.counts))]


@dataclass(frozen=True)
class Answer:
    """The class that a network sees in one of the bundled photographs."""

    picture: str  # name of the sample
    label: str
    probability: float
    right: bool | None  # None if the network does not know the picture's class


@dataclass(frozen=True)
class Xray:
    """The values inside a network that was built and run.

    Attributes
    ----------
    layers
        Histograms by layer, in order of execution.
    pictures
        Number of pictures behind means, variances and activations; 0 if the network was not run.
    healthy
        Name of the bundled network that stands beside it; None if none is of the same family.
    beside
        Histograms of the layer at the same place of that network, by the name of our layer.
    answers
        To the bundled photographs, for a network with class names.

    """

    layers: Mapping[str, Mapping[Quantity, Histogram]]
    pictures: int
    healthy: str | None = None
    beside: Mapping[str, Mapping[Quantity, Histogram]] | None = None
    answers: tuple[Answer, ...] = ()
