"""What single channels of a layer do: their share of a map, and what excites them most."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True, eq=False)
class ChannelShare:
    """One channel's part in a Grad-CAM.

    ``share`` is alpha_k times the sum of A^k over the positions where the map is above zero,
    divided by the sum of the map there; the shares of all channels add up to 1.
    """

    channel: int
    weight: float  # alpha_k
    share: float
    maximum: float  # of A^k
    map: Float[np.ndarray, "h w"]  # A^k


@dataclass(frozen=True, eq=False)
class Crop:
    """Where one image excites a channel most, and the part of the image that is seen from there."""

    channel: int
    image: int  # its number in the data
    label: str
    value: float  # the activation
    row: int  # of the position in the layer
    column: int
    box: tuple[int, int, int, int]  # top, left, bottom, right in pixels, inside the image
    pixels: UInt8[np.ndarray, "height width 3"]  # of the whole image


@dataclass(frozen=True, eq=False)
class AscentStep:
    """One step of activation maximisation; ``pixels`` at every sixteenth and at the last.

    ``activation`` is the channel's mean over positions for the moved picture that the step used,
    ``still`` for the picture itself, where it is shown.
    """

    step: int
    steps: int
    activation: float
    still: float | None = None
    pixels: UInt8[np.ndarray, "height width 3"] | None = None


@dataclass(frozen=True)
class ActivationReached:
    """The activation that the moved picture of a step reached."""

    step: int  # from 1
    steps: int
    activation: float

    @property
    def key(self) -> str:
        """Each step is kept."""
        return f"step/{self.step:04d}"


@dataclass(frozen=True)
class ActivationPicture:
    """The picture after a step, as PNG, and the activation that it reaches as it is."""

    step: int
    steps: int
    activation: float  # of the moved picture
    still: float
    png: bytes

    @property
    def key(self) -> str:
        """Each picture is kept."""
        return f"picture/{self.step:04d}"
