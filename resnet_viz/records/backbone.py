"""Features of a pretrained backbone on one image or clip, by stage."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True, eq=False)
class StageFeatures:
    """The output of one stage of a backbone."""

    stage: str
    module: str  # name of the module in the network
    blocks: int  # residual blocks; 0 for a stem and for the levels of a feature pyramid
    stride: int  # input pixels between neighbouring values
    features: Float[np.ndarray, "channel *place width"]  # place is (height,) or (frame, height)


@dataclass(frozen=True, eq=False)
class WorkView:
    """The stages of a backbone for one input."""

    name: str
    frames: UInt8[np.ndarray, "frame height width 3"]  # the input as RGB; one frame for an image
    stages: tuple[StageFeatures, ...]
