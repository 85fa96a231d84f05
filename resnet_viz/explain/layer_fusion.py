"""Fusing the maps of several layers into one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from resnet_viz.pictures.resample import enlarge
from resnet_viz.records.map_facts import Fusion


def fuse(
    maps: Sequence[Float[np.ndarray, "..."]], how: Fusion, *sides: int
) -> Float32[np.ndarray, "..."]:
    """Max or mean over layers of ReLU(map) / max ReLU(map), each enlarged linearly.

    Each layer is scaled by its own maximum, so that a deep layer with large activations does not
    dominate (as in Jiang 2021, LayerCAM, sec. III-D, without its tanh). The result has no unit. A
    blank map stays zero and NaN stays NaN.
    """
    scaled = []
    for one in maps:
        positive = np.maximum(one, 0)
        scaled.append(enlarge((positive / (positive.max() or 1.0))[None], *sides)[0])
    stacked = np.stack(scaled)
    return np.asarray(stacked.max(0) if how is Fusion.MAX else stacked.mean(0))
