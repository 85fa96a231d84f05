"""What one forward and one backward pass of the training loss tell about every layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from resnet_viz.records.analysis import BatchNormMode
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import on_shortcut, stage_name, stage_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LayerGradient:
    """One convolution, block, branch or the head. Norms are 2-norms; None where there is no weight.

    L is the cross-entropy: its mean over the batch for weights, its sum over the batch for
    activations, whose gradient then belongs to one image each.
    """

    name: str
    weight_gradient_norm: float | None  # ||dL/dW||
    relative_weight_gradient_norm: float | None  # ||dL/dW|| / ||W||
    activation_gradient_norm: float  # ||dL/da|| of an image, mean over the batch
    mean_square: float  # of the layer's output
    variance: float  # of the layer's output


@dataclass(frozen=True)
class GradientMeasurement:
    """One network, seed and step. ``layers`` are in order of execution."""

    spec: NetworkSpec
    seed: int
    step: int  # steps of SGD before the measurement
    batch: int  # images
    batch_norm: BatchNormMode
    loss: float  # mean cross-entropy
    layers: tuple[LayerGradient, ...]

    def convolutions(self) -> tuple[LayerGradient, ...]:
        """Layers of the main path that own a weight, without the head."""
        return tuple(
            layer
            for layer in self.layers
            if layer.weight_gradient_norm is not None
            and layer.name != "fc"
            and not on_shortcut(layer.name)
        )

    def blocks(self) -> tuple[LayerGradient, ...]:
        """Outputs of the blocks."""
        names = set(self.spec.blocks())
        return tuple(layer for layer in self.layers if layer.name in names)

    @property
    def first_over_last(self) -> float | None:
        """||dL/dW|| of the first convolution over that of the last; None where undefined."""
        body = self.convolutions()
        first, last = body[0].weight_gradient_norm, body[-1].weight_gradient_norm
        if first is None or not last or not (math.isfinite(first) and math.isfinite(last)):
            return None
        return first / last

    def growth(self, stage: int) -> float:
        """Growth of the activation-gradient norm a convolution towards the input, in one stage.

        A straight line through the logarithms (least squares) of the stage's convolutions, whose
        first one is left out: it changes the shape. NaN where a norm is zero or not finite.
        """
        own = [c for c in self.convolutions() if stage_of(c.name) == stage_name(stage)][1:]
        norms = np.array([layer.activation_gradient_norm for layer in own])
        if len(norms) < 2 or not (np.isfinite(norms).all() and (norms > 0).all()):
            return float("nan")
        slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
        return float(np.exp(-slope))


def gradient_frame(measured: Sequence[GradientMeasurement]) -> "pd.DataFrame":
    """One row a network, seed, step and layer; what a layer does not have is empty."""
    import pandas as pd

    rows = [
        {
            "network": m.spec.name,
            "kind": m.spec.kind.value,
            "depth": m.spec.depth,
            "norm": m.spec.norm.value,
            "init": m.spec.initialisation.value,
            "seed": m.seed,
            "step": m.step,
            **vars(layer),
        }
        for m in measured
        for layer in m.layers
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class BlockFormula:
    """The formulas of residual learning on one block; errors are 0 where they are what runs."""

    block: str
    sum_error: float  # max |y - (F(x) + x)| before the last activation
    telescope_error: float  # ||x_L - (x_0 + sum F)|| / ||x_L||
    identity_part: float  # ||dL/dx|| through the shortcut alone
    branch_part: float  # ||dL/dx|| through the branch alone
    gradient_error: float  # of the sum of both against dL/dx, relative


@dataclass(frozen=True)
class Formulas:
    """The formulas on every block of one residual network."""

    spec: NetworkSpec
    blocks: tuple[BlockFormula, ...]


@dataclass(frozen=True, eq=False)
class BlockValues:
    """One image in one block of a residual network, forward and backward; arrays are read-only.

    ``start`` is what the shortcut of the stage's first block carries, ``branches`` F(x) of every
    block of the stage up to this one. The gradients are of the block's input.
    """

    block: str
    branch: Float32[np.ndarray, "c h w"]
    shortcut: Float32[np.ndarray, "c h w"]
    join: Float32[np.ndarray, "c h w"]
    output: Float32[np.ndarray, "c h w"]
    activated: bool  # a nonlinearity stands behind the sum
    start: Float32[np.ndarray, "c h w"]
    branches: Float32[np.ndarray, "k c h w"]
    identity_gradient: Float32[np.ndarray, "c2 h2 w2"]
    branch_gradient: Float32[np.ndarray, "c2 h2 w2"]
    gradient: Float32[np.ndarray, "c2 h2 w2"]


@dataclass(frozen=True)
class PixelFormula:
    """The formulas at one place of a block, with its numbers.

    ``exact``: F(x) + x is the sum to the last bit. ``telescope`` is start + F + F + ... in double
    precision, against ``output``. The gradient is (identity, branch, total) at the same place of
    the input; None where that has another shape.
    """

    branch: float
    shortcut: float
    join: float
    output: float
    exact: bool
    activated: bool
    start: float
    branches: tuple[float, ...]
    telescope: float
    gradient: tuple[float, float, float] | None

    @classmethod
    def at(cls, values: BlockValues, channel: int, row: int, column: int) -> "PixelFormula":
        """The numbers of one place."""
        place = (channel, row, column)
        branches = tuple(float(b[place]) for b in values.branches)
        parts = (values.identity_gradient, values.branch_gradient, values.gradient)
        same = values.gradient.shape == values.join.shape
        return cls(
            branch=float(values.branch[place]),
            shortcut=float(values.shortcut[place]),
            join=float(values.join[place]),
            output=float(values.output[place]),
            exact=bool(values.branch[place] + values.shortcut[place] == values.join[place]),
            activated=values.activated,
            start=float(values.start[place]),
            branches=branches,
            telescope=float(values.start[place]) + sum(branches),
            gradient=(float(parts[0][place]), float(parts[1][place]), float(parts[2][place]))
            if same
            else None,
        )
