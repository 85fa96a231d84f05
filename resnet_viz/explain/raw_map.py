"""What every method computes: a map before its last ReLU, pass by pass."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from resnet_viz.records.map_facts import Completeness


@dataclass(frozen=True)
class PassesDone:
    """Progress of a method: ``done`` of ``total`` passes through the network."""

    done: int
    total: int


@dataclass(frozen=True, eq=False)
class RawMap:
    """A map before its last ReLU, with properties that its method reports."""

    values: Float[np.ndarray, "..."]
    vanishes: bool  # whether all the values that the map is computed from are zero
    attributions: Float[np.ndarray, "channel ..."] | None = None
    completeness: Completeness | None = None


#: A running method: progress after each batch of passes, and the map as the return value.
MapInSteps = Generator[PassesDone, None, RawMap]
