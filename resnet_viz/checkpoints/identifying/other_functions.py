"""Other functions of the same tensors, tried where the best candidate fits badly.

No tensor shows an activation, a pool, averages before projections, or the edges of a convolution.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from resnet_viz.checkpoints.identifying.candidates import Candidate, as_spec
from resnet_viz.checkpoints.identifying.fits import Fit, fit_all
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.spec import (
    Activation,
    Block,
    Downsample,
    Edges,
    NetworkSpec,
    Order,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)

#: The mean score above which another function may fit better; right networks have 0.16 at most.
FITS_WELL = 0.2
_PROJECTION = re.compile(r"downsample\.\d\.weight$")
_NUMBER = re.compile(r"\.\d\.weight$")


def refined(
    best: Fit,
    tensors: Mapping[str, Tensor],
    preprocessing: Preprocessing,
    name: str,
    *,
    foreign: bool,
) -> list[Fit]:
    """Fit the best network with another function if it fits badly.

    Tried are other activations, pools of the stem, averages before projections, and edges. Only a
    ``foreign`` file, or a network that fits badly, may have TensorFlow's edges: photographs tell
    them apart in shallow networks, and in deep ones the origin of the file is better evidence.
    """
    if math.isnan(best.score) or best.right is not None:
        return []
    others: list[NetworkSpec] = []
    strided = best.spec.block is Block.BASIC or best.spec.stride_on is StrideOn.CONV_3X3
    strided = strided and best.spec.stem is Stem.CIFAR and len(best.spec.depths) > 1
    if strided and (foreign or best.score > FITS_WELL):
        other = Edges.BOTH if best.spec.edges is Edges.BEHIND else Edges.BEHIND
        others.append(replace(best.spec, edges=other))
    if best.score > FITS_WELL:
        others += _other_functions(best.spec)
    elif best.spec.shortcut.projects and not _numbered(best.candidate):
        others.append(_other_downsample(best.spec))
    more = [as_spec(best.candidate, spec, tensors) for spec in others]
    return fit_all([each for each in more if each.whole], tensors, preprocessing, name)


def with_keras_strides(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The pre-activation candidates with strides and pool where keras.applications has them."""
    return [
        replace(
            each,
            spec=replace(each.spec, stride_in=StrideIn.LAST, stem_pool=StemPool.MAX_ZEROS),
        )
        for each in candidates
        if each.spec.order is Order.PRE
        and each.spec.pool is StemPool.MAX
        and each.spec.stride_on is StrideOn.CONV_3X3
        and each.spec.shortcut_input is ShortcutInput.ACTIVATED
    ]


def _other_functions(spec: NetworkSpec) -> list[NetworkSpec]:
    """Networks that differ in one choice that no tensor shows."""
    activations = (Activation.RELU, Activation.SILU, Activation.GELU, Activation.ELU)
    others = [replace(spec, activation=a) for a in activations if a is not spec.activation]
    if spec.shortcut.projects and len(spec.depths) > 1:
        others.append(_other_downsample(spec))
    pools = (StemPool.NONE, StemPool.MAX)
    return [*others, *(replace(spec, stem_pool=pool) for pool in pools if pool is not spec.pool)]


def _other_downsample(spec: NetworkSpec) -> NetworkSpec:
    average = spec.downsample is Downsample.AVG
    return replace(spec, downsample=Downsample.STRIDE if average else Downsample.AVG)


def _numbered(candidate: Candidate) -> bool:
    """Whether the names count the modules of a projection, so that a pool has a number too."""
    names = [key for own, key in candidate.keys.items() if _PROJECTION.search(own)]
    return all(_NUMBER.search(name) for name in names)
