"""``FirstVisit``: what the first page shows, all of it measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from json import loads

import numpy as np
from jaxtyping import Float

from resnet_viz.core.converter import decode
from resnet_viz.core.places import ASSETS

#: The recording; ``scripts/record_first_visit.py`` writes it.
FIRST_VISIT_FILE = ASSETS / "recordings" / "pages" / "first-visit.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedBlock:
    """One channel of one block of a trained network, on a bundled photograph.

    Attributes
    ----------
    network, digest
        The network and the digest of its weights.
    sample, photo
        Name of the photograph, and what the network sees of it, as PNG.
    block, channel
        Where the maps are from.
    x
        The block's input.
    hidden
        After the first convolution, normalisation and ReLU of the branch: the channel of these that
        varies most.
    branch
        F(x), the end of the branch.
    strengths
        Factors of every shortcut of the network, from 0 to 1.
    accuracy
        With each factor, the share of test images that are classified correctly.
    images
        Number of test images.
    answers, shares
        With each factor, the most probable class of the photograph, and its probability.

    """

    network: str
    digest: str
    sample: str
    photo: bytes
    block: str
    channel: int
    x: Float[np.ndarray, "height width"]
    hidden: Float[np.ndarray, "height width"]
    branch: Float[np.ndarray, "height width"]
    strengths: tuple[float, ...]
    accuracy: tuple[float, ...]
    images: int
    answers: tuple[str, ...]
    shares: tuple[float, ...]

    def joined(self, strength: float) -> Float[np.ndarray, "height width"]:
        """The sum with a shortcut of this strength: F(x) + strength * x."""
        return self.branch + strength * self.x


@dataclass(frozen=True, kw_only=True)
class DepthSeries:
    """Signal and gradient in an untrained network, block by block, for each shortcut strength.

    Attributes
    ----------
    depth
        Layers of the network.
    signal
        Root mean square of the outputs of the first convolution and of every block, over the
        first convolution's.
    gradient
        Norm of the loss's gradient with respect to the same outputs, over the last block's.

    """

    depth: int
    signal: tuple[
        tuple[float, ...], ...
    ]  # by strength, then from the first convolution to the last block
    gradient: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TrainedPair:
    """A bundled pair that was trained alike, and the errors on its training images at the end."""

    depth: int
    epochs: int
    residual_error: float
    plain_error: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstVisit:
    """Everything that the first page shows."""

    block: TrainedBlock
    depths: tuple[DepthSeries, ...]
    pair: TrainedPair | None  # None while no bundled pair was trained alike
    seed: int  # of the untrained networks
    recorded: str  # date
    versions: Mapping[str, str]


@cache
def recorded_first_visit() -> FirstVisit:
    """Return the recording in the repository."""
    return decode(FirstVisit, loads(FIRST_VISIT_FILE.read_text(encoding="utf-8")))
