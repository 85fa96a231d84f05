"""How the answers of a checkpoint change with scaling of pictures and rounding of weights."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from resnet_viz.core.converter import JsonObject, encode

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ChangedAnswers:
    """The answers after one change, compared with those before.

    Attributes
    ----------
    change
        Name of the change.
    same
        Share of the pictures with an equal prediction, 0 to 1.
    moved
        Total variation distance of the probabilities, mean over the pictures, 0 to 1.

    """

    change: str
    same: float
    moved: float


@dataclass(frozen=True)
class RoundedLayer:
    """One layer with rounded weights in an exact network.

    A field of a format is ||z' - z|| / ||z||, z being the logits less their mean by picture; None
    if it was not measured. ``underflow`` counts weights that are zero in half precision only.
    """

    name: str
    int8_tensor: float | None
    int8_channel: float | None
    fp16: float | None = None
    bf16: float | None = None
    underflow: int = 0


@dataclass(frozen=True)
class Stress:
    """The result of ``stress``.

    Attributes
    ----------
    name, images, count
        Name of the file, name of the pictures, and their number.
    resizing
        Answers by way of scaling, compared with antialiased bilinear scaling.
    precision
        Answers with all weights rounded to a format.
    layers
        Every convolution and the head, each rounded alone, in order of execution.
    underflow
        Number of values of all tensors that are zero in half precision only.
    lost_variances
        Number of running variances that become zero in half precision.

    """

    name: str
    images: str
    count: int
    resizing: tuple[ChangedAnswers, ...]
    precision: tuple[ChangedAnswers, ...]
    layers: tuple[RoundedLayer, ...]
    underflow: int
    lost_variances: int

    @property
    def costliest(self) -> RoundedLayer | None:
        """The layer that int8 with one scale costs most; None without layers."""
        return max(self.layers, key=lambda layer: layer.int8_tensor or 0.0, default=None)

    def contract(self) -> JsonObject:
        """Return the command line's JSON output."""
        costliest = self.costliest
        return {**encode(self), "costliest": None if costliest is None else costliest.name}

    def layers_frame(self) -> "pd.DataFrame":
        """Return one row per layer."""
        import pandas as pd

        return pd.DataFrame([asdict(layer) for layer in self.layers])
