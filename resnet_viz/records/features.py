"""Single channels of a layer: share of a Grad-CAM, top crops, activation maximisation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True, eq=False)
class ChannelShare:
    """The contribution of one channel to a Grad-CAM.

    With the channel's activation A^k and its weight alpha_k, ``share`` is alpha_k times the sum of
    A^k over the positions where the map is positive, divided by the sum of the map over the same
    positions. The shares of all channels add up to 1.
    """

    channel: int
    weight: float  # alpha_k
    share: float  # negative for a channel that lowers the map
    maximum: float  # of A^k
    map: Float[np.ndarray, "h w"]  # A^k


@dataclass(frozen=True, eq=False)
class Crop:
    """The position where an image activates a channel most, and its receptive field."""

    channel: int
    image: int  # index in the data set
    label: str
    value: float  # activation
    row: int  # position in the layer
    column: int
    box: tuple[int, int, int, int]  # receptive field: top, left, bottom, right in image pixels
    pixels: UInt8[np.ndarray, "height width 3"]  # the whole image, RGB


@dataclass(frozen=True, eq=False)
class AscentStep:
    """One step of activation maximisation.

    Activations are means of the channel over all positions. ``still`` and ``pixels`` are set at
    every sixteenth step and at the last.
    """

    step: int  # counted from 1
    steps: int
    activation: float  # for the randomly transformed picture that the step optimised
    still: float | None = None  # for the picture itself
    pixels: UInt8[np.ndarray, "height width 3"] | None = None  # the picture, RGB


@dataclass(frozen=True)
class ActivationReached:
    """The activation after one step of activation maximisation."""

    step: int  # counted from 1
    steps: int
    activation: float  # for the randomly transformed picture

    @property
    def key(self) -> str:
        """Unique per step: all steps are stored."""
        return f"step/{self.step:04d}"


@dataclass(frozen=True)
class ActivationPicture:
    """The picture after one step of activation maximisation."""

    step: int  # counted from 1
    steps: int
    activation: float  # for the randomly transformed picture
    still: float  # for the picture itself
    png: bytes  # the picture

    @property
    def key(self) -> str:
        """Unique per step: all pictures are stored."""
        return f"picture/{self.step:04d}"
