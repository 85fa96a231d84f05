"""What a backbone made of one image or clip."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True, eq=False)
class StageFeatures:
    """One stage of a backbone: ``features`` are channel by (frame, by) height by width.

    ``blocks`` counts its residual blocks; 0 for a stem and for the levels of a pyramid.
    ``stride`` is the distance of neighbouring values in pixels of the input.
    """

    stage: str
    module: str
    blocks: int
    stride: int
    features: Float[np.ndarray, "channel *place width"]


@dataclass(frozen=True, eq=False)
class WorkView:
    """A backbone's stages for one input; ``frames`` are what it saw: one of an image."""

    name: str
    frames: UInt8[np.ndarray, "frame height width 3"]
    stages: tuple[StageFeatures, ...]
