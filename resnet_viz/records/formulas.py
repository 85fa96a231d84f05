"""The formulas of residual learning, checked on blocks and pixels of a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float32

from resnet_viz.spec import NetworkSpec


@dataclass(frozen=True)
class BlockFormula:
    """The errors of the formulas of residual learning on one block; 0 where a formula is exact.

    F is the branch, x the input of the block, and y = F(x) + x its sum before the last activation
    (He et al. 2015, eq. 1; He et al. 2016, eq. 4 and 5). Norms are 2-norms.
    """

    block: str
    sum_error: float  # max |y - (F(x) + x)|
    telescope_error: float  # ||x_L - (x_0 + sum F)|| / ||x_L||
    identity_part: float  # ||dL/dx|| through the shortcut alone
    branch_part: float  # ||dL/dx|| through the branch alone
    gradient_error: float  # ||shortcut part + branch part - dL/dx|| / ||dL/dx||


class Claim(StrEnum):
    """A formula of tutorials that is checked beside the right one; x is a block's input.

    Errors are relative 2-norms. ``y`` is the sum F(x) + x, and ``out`` the block's output, which is
    ReLU(y) in the form of 2015.
    """

    HIDDEN = "hidden"  # F = H - x: what the branch learns; not what the block computes
    CONFUSED = "confused"  # F(Y) = X + F'(Y), read with Y as the output: F(out) for F(x)
    GRADIENT = "gradient"  # dL/dx = dL/dy (1 + dF/dx); wrong with dL/dout for dL/dy
    DOUBLE = "double"  # dL/dx + dL/dout: the identity part counted twice
    WEIGHTS = "weights"  # dL/dW = dL/dy dF/dW; wrong with dL/dout for dL/dy
    TWO_BLOCKS = "two_blocks"  # x + F1(x) + F2(x + F1(x)) without the ReLU between
    TAYLOR = "taylor"  # all weights of F zero: out - x; without a shortcut out - x too
    PENALTY = "penalty"  # L2 changes dL/dW by 2 lambda W, and nothing in the block


@dataclass(frozen=True)
class Span:
    """The lowest and the highest of several numbers."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Span":
        """Return the span of at least one number."""
        return cls(min(values), max(values))


@dataclass(frozen=True)
class ClaimCheck:
    """The relative errors of a right formula and of the one in tutorials, over all blocks."""

    claim: Claim
    right: Span
    written: Span


@dataclass(frozen=True)
class Paths:
    """The norms of dL/dx through each of the four paths of two blocks in a row.

    ``error`` is the relative difference of their sum from dL/dx.
    """

    first: str  # names of the blocks
    second: str
    around: float  # both shortcuts
    through_first: float  # the first branch, the second shortcut
    through_second: float
    through_both: float
    error: float


@dataclass(frozen=True)
class HeadFormula:
    """What stands between the global average pool and the softmax: p = softmax(W z + b)."""

    channels: int  # numbers in z, the pooled maps
    classes: int  # numbers in p
    parameters: int  # of W and b
    error: float  # ||softmax(W z + b) - p|| / ||p||


@dataclass(frozen=True)
class BottleneckFormula:
    """The convolutions' weights of a bottleneck, beside what some tutorials call one.

    He et al. 2015, fig. 5: 1x1 to a quarter of the channels, 3x3, 1x1 back.
    """

    channels: int
    two_3x3: int
    bottleneck: int


@dataclass(frozen=True)
class Formulas:
    """The formulas of residual learning on every block of a residual network."""

    spec: NetworkSpec
    head: HeadFormula
    bottleneck: BottleneckFormula
    blocks: tuple[BlockFormula, ...]
    claims: tuple[ClaimCheck, ...]  # on the blocks that keep the shape
    paths: Paths | None  # of the first two such blocks in a row


@dataclass(frozen=True, eq=False)
class BlockValues:
    """Activations and gradients of one image in one block of a residual network."""

    block: str
    branch: Float32[np.ndarray, "c h w"]  # F(x)
    shortcut: Float32[np.ndarray, "c h w"]  # x, in the shape of the output
    join: Float32[np.ndarray, "c h w"]  # F(x) + x
    output: Float32[np.ndarray, "c h w"]
    activated: bool  # whether a nonlinearity follows the sum
    start: Float32[np.ndarray, "c h w"]  # shortcut of the first block of the stage
    branches: Float32[np.ndarray, "k c h w"]  # F(x) of the stage's blocks up to this one
    chain: tuple[str, ...]  # names of those blocks
    cuts: Float32[np.ndarray, "k c h w"]  # output - (F(x) + x) of those: what the ReLU added
    identity_gradient: Float32[np.ndarray, "c2 h2 w2"]  # dL/dx through the shortcut alone
    branch_gradient: Float32[np.ndarray, "c2 h2 w2"]  # dL/dx through the branch alone
    gradient: Float32[np.ndarray, "c2 h2 w2"]  # dL/dx, x being the block's input

    @property
    def telling(self) -> tuple[int, int, int]:
        """Channel, row and column where x_0 + sum F misses the output most.

        That is where the ReLUs of the stage cut most; the largest output if they cut nowhere.
        """
        cut = self.cuts.sum(0)
        shows = cut if cut.any() else self.output
        channel, row, column = np.unravel_index(int(shows.argmax()), shows.shape)
        return int(channel), int(row), int(column)


@dataclass(frozen=True)
class PixelFormula:
    """The values of ``BlockValues`` at one channel and position."""

    branch: float
    shortcut: float
    join: float
    output: float
    exact: bool  # whether branch + shortcut equals join to the last bit
    activated: bool  # whether a nonlinearity follows the sum
    start: float
    branches: tuple[float, ...]
    cuts: tuple[float, ...]  # by block: what its ReLU added to a negative sum
    telescope: float  # start + sum of branches in double precision; compare with output
    gradient: tuple[float, float, float] | None  # shortcut, branch, total; None if shapes differ

    @classmethod
    def at(cls, values: BlockValues, channel: int, row: int, column: int) -> "PixelFormula":
        """Return the values at one channel and position of the block's output."""
        place = (channel, row, column)
        branches = tuple(float(b[place]) for b in values.branches)
        parts = (values.identity_gradient, values.branch_gradient, values.gradient)
        same_shape = values.gradient.shape == values.join.shape
        return cls(
            branch=float(values.branch[place]),
            shortcut=float(values.shortcut[place]),
            join=float(values.join[place]),
            output=float(values.output[place]),
            exact=bool(values.branch[place] + values.shortcut[place] == values.join[place]),
            activated=values.activated,
            start=float(values.start[place]),
            branches=branches,
            cuts=tuple(float(cut[place]) for cut in values.cuts),
            telescope=float(values.start[place]) + sum(branches),
            gradient=(float(parts[0][place]), float(parts[1][place]), float(parts[2][place]))
            if same_shape
            else None,
        )
