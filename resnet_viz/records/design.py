"""What a network is made of, as it is shown: layers, groups of equal blocks, a signal's way."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True)
class Layer:
    """One module of a network, for one image.

    A value of its output sees a square of ``receptive_min`` to ``receptive_max`` pixels of the
    input: the smallest and the largest over all paths through branches and shortcuts, whose union
    is the largest one. Pixels beyond the border of the image are counted. ``stride`` is the
    distance of neighbouring values, in pixels of the input.
    """

    name: str
    kind: str  # the name of PyTorch's module, or of ours
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int
    macs: int  # multiply-accumulates
    memory: int  # bytes of the output in single precision
    receptive_min: int
    receptive_max: int
    stride: int
    inputs: tuple[str, ...]  # names of the layers whose outputs it reads; "input" is the image


@dataclass(frozen=True)
class MeasuredLayer:
    """One module of a network that is not ours, seen in one forward pass of one image."""

    name: str
    kind: str  # the name of its class
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int  # its own, without those of modules inside it
    macs: int  # multiply-accumulates
    memory: int  # bytes of the output in single precision


@dataclass(frozen=True)
class BlockGroup:
    """Equal blocks in a row, or the stem or the head.

    ``way`` is how each block's input reaches its sum: "identity", "padding", "projection", or
    "none"; "concatenation" where there is no sum, but new channels laid beside the old ones. It is
    None for the stem and the head, which are no blocks.
    """

    first: str  # the first block's name, "stem" or "head"
    last: str
    count: int
    shape: tuple[int, ...]  # of the output
    parameters: int  # of all together
    macs: int
    way: str | None


@dataclass(frozen=True, eq=False)
class SignalCheck:
    """One batch through an untrained network in training mode, forward and backward.

    ``variances`` are those of each block's output, ``gradient_norms`` the 2-norms of the gradient
    of the mean cross-entropy with respect to it, an image.
    """

    blocks: tuple[str, ...]
    variances: Float64[np.ndarray, " blocks"]
    gradient_norms: Float64[np.ndarray, " blocks"]
    images: int
    seed: int
