"""FullGrad: the score shared out between the input and every bias of the network."""

import numpy as np
from jaxtyping import Float

from resnet_viz.explain.bias_terms import bias_terms
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.raw_map import MapInSteps, PassesDone, RawMap
from resnet_viz.explain.scored_image import ScoredImage
from resnet_viz.pictures.resample import enlarge
from resnet_viz.records.map_facts import Completeness


def full_grad(scored: ScoredImage, _options: Options) -> MapInSteps:
    """psi(x * dy/dx) + sum of psi(b * dy/dz) over all biases b, z being what b is added to.

    psi takes the absolute value, scales each channel to 0 to 1, enlarges it and sums over channels.
    Biases are those of convolutions, linear and normalisation layers, and parameters that are added
    by themselves. With running statistics a batch normalisation adds beta - gamma mean / deviation
    (Srinivas 2019, arXiv 1905.00780, eq. 6), otherwise beta. A bias without positions, as of the
    head, is the same everywhere and so not in the map. The terms add up to the score if the network
    is piecewise linear.
    """
    yield PassesDone(0, 1)
    found = bias_terms(scored)
    own = (found.gradient * scored.image[0]).float().cpu().numpy()
    shares = _spread(own, scored.size)
    for term in found.terms:
        if term.ndim > 1:
            shares = shares + _spread(term.float().cpu().numpy(), scored.size)
    total = float(own.sum(dtype=np.float64)) + found.total
    return RawMap(shares, vanishes=not shares.any(), completeness=Completeness(total, scored.score))


def _spread(values: Float[np.ndarray, "c ..."], sides: tuple[int, ...]) -> Float[np.ndarray, "..."]:
    """The psi of ``full_grad``."""
    size = np.abs(values)
    axes = tuple(range(1, size.ndim))
    size = size - size.min(axes, keepdims=True)
    size = size / (size.max(axes, keepdims=True) + 1e-7)
    return np.asarray(enlarge(size, *sides).sum(0))
