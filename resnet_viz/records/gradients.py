"""What one forward and one backward pass of the training loss tell about every layer."""

import math
from dataclasses import dataclass

import numpy as np

from resnet_viz.records.analysis import BatchNormMode
from resnet_viz.spec import NetworkSpec


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
            and ".downsample" not in layer.name
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
        own = [c for c in self.convolutions() if c.name.startswith(f"layer{stage}.")][1:]
        norms = np.array([layer.activation_gradient_norm for layer in own])
        if len(norms) < 2 or not (np.isfinite(norms).all() and (norms > 0).all()):
            return float("nan")
        slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
        return float(np.exp(-slope))


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
