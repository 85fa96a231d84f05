"""Tables of a network's structure: layers, groups of equal blocks, signal statistics."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True)
class Layer:
    """One module of a network, computed for one image from its spec.

    ``receptive_min`` and ``receptive_max`` are the sides of the smallest and the largest receptive
    field over all paths through branches and shortcuts, in input pixels; pixels beyond the border
    of the image are counted.
    """

    name: str
    kind: str  # name of the module's class
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int
    macs: int  # multiply-accumulates
    memory: int  # bytes of the output in single precision
    receptive_min: int
    receptive_max: int
    stride: int  # input pixels between neighbouring values
    inputs: tuple[str, ...]  # names of the layers whose outputs it reads; "input" is the image


@dataclass(frozen=True)
class MeasuredLayer:
    """One module of a network without a spec, measured in a forward pass of one image."""

    name: str
    kind: str  # name of the module's class
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int  # without those of submodules
    macs: int  # multiply-accumulates
    memory: int  # bytes of the output in single precision


@dataclass(frozen=True)
class BlockGroup:
    """Consecutive equal blocks, or the stem or the head.

    ``way`` is the kind of shortcut: "identity", "padding", "projection", "none", or
    "concatenation" where the output is appended to the input (DenseNet). None for stem and head.
    """

    first: str  # name of the first block, or "stem" or "head"
    last: str  # name of the last block
    count: int  # blocks
    shape: tuple[int, ...]  # of the output, without the batch
    parameters: int  # of the whole group
    macs: int  # multiply-accumulates of the whole group
    way: str | None


@dataclass(frozen=True, eq=False)
class SignalCheck:
    """One forward and backward pass of an untrained network in training mode."""

    blocks: tuple[str, ...]  # names
    variances: Float64[np.ndarray, " blocks"]  # of each block's output
    gradient_norms: Float64[np.ndarray, " blocks"]  # ||dL/da||_2 of one image, mean over images
    images: int  # in the batch
    seed: int
