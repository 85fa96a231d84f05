"""Gradients of every layer of a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resnet_viz.records.prediction import BatchNormMode
from resnet_viz.spec import NetworkSpec
from resnet_viz.spec.layer_names import on_shortcut, stage_name, stage_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LayerGradient:
    """Gradient norms and output statistics of a convolution, a block, a branch or the head.

    Norms are 2-norms. L is the cross-entropy: for weights its mean over the batch, for activations
    its sum, so that each image gets its own gradient.
    """

    name: str
    weight_gradient_norm: float | None  # ||dL/dW||; None without a weight
    relative_weight_gradient_norm: float | None  # ||dL/dW|| / ||W||; None without a weight
    activation_gradient_norm: float  # ||dL/da|| of one image, mean over the batch
    mean_square: float  # of the layer's output
    variance: float  # of the layer's output


@dataclass(frozen=True)
class GradientMeasurement:
    """The gradients of one network at one training step."""

    spec: NetworkSpec
    seed: int
    step: int  # SGD steps before the measurement
    batch: int  # images
    batch_norm: BatchNormMode
    loss: float  # mean cross-entropy in nats
    layers: tuple[LayerGradient, ...]  # in order of execution

    def convolutions(self) -> tuple[LayerGradient, ...]:
        """Return the convolutions of the main path: no shortcuts, no head."""
        return tuple(
            layer
            for layer in self.layers
            if layer.weight_gradient_norm is not None
            and layer.name != "fc"
            and not on_shortcut(layer.name)
        )

    def blocks(self) -> tuple[LayerGradient, ...]:
        """Return the gradients of the block outputs."""
        names = set(self.spec.blocks())
        return tuple(layer for layer in self.layers if layer.name in names)

    @property
    def first_over_last(self) -> float | None:
        """||dL/dW|| of the first convolution divided by that of the last; None if undefined."""
        convolutions = self.convolutions()
        first, last = convolutions[0].weight_gradient_norm, convolutions[-1].weight_gradient_norm
        if first is None or not last or not (math.isfinite(first) and math.isfinite(last)):
            return None
        return first / last

    def growth(self, stage: int) -> float:
        """Return the growth factor per convolution, towards the input, of ||dL/da|| in a stage.

        Fits a straight line to the logarithms of the norms (least squares). The stage's first
        convolution is excluded because it changes the shape.

        Parameters
        ----------
        stage
            Number of the stage, counted from 1.

        Returns
        -------
        float
            The factor; NaN if a norm is zero or not finite, or fewer than two are left.

        """
        stage_layers = [c for c in self.convolutions() if stage_of(c.name) == stage_name(stage)]
        norms = np.array([layer.activation_gradient_norm for layer in stage_layers[1:]])
        if len(norms) < 2 or not (np.isfinite(norms).all() and (norms > 0).all()):
            return float("nan")
        slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
        return float(np.exp(-slope))


def gradient_frame(measurements: Sequence[GradientMeasurement]) -> "pd.DataFrame":
    """Return one row per network, seed, step and layer; missing values are empty."""
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
        for m in measurements
        for layer in m.layers
    ]
    return pd.DataFrame(rows)
