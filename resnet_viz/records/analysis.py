"""``Analysis``: activations, Grad-CAM maps and gradient norms of one batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int64

from resnet_viz.core.saving import save_record
from resnet_viz.pictures.resample import enlarge, sides_of
from resnet_viz.records.by_layer import ByLayer

if TYPE_CHECKING:
    import pandas as pd


_SAVED = (
    "features",
    "activation_gradients",
    "cams",
    "cam_weights",
    "activation_gradient_norms",
)


class Score(StrEnum):
    """The scalar that gradient norms differentiate; Grad-CAM always uses the logit."""

    LOGIT = "logit"  # of the target class, before softmax
    LOSS = "loss"  # cross-entropy with the target class


class Activation(StrEnum):
    """How logits become probabilities."""

    SOFTMAX = "softmax"  # classes that exclude each other
    SIGMOID = "sigmoid"  # one logit, or several that are independent
    NONE = "none"  # the outputs are probabilities already, or are none


class BatchNormMode(StrEnum):
    """Which statistics batch normalisation used."""

    TRAIN = "train"  # batch statistics
    EVAL = "eval"  # running statistics
    NONE = "none"  # the network has no batch normalisation


def probabilities_of(
    logits: Float[np.ndarray, "... classes"], activation: Activation
) -> Float[np.ndarray, "... classes"]:
    """The probability of each class."""
    match activation:
        case Activation.SOFTMAX:
            exponentials = np.exp(logits - logits.max(-1, keepdims=True))
            return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))
        case Activation.SIGMOID:
            return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
        case Activation.NONE:
            return logits.copy()


@dataclass(frozen=True)
class Prediction:
    """One class and its softmax probability."""

    index: int
    label: str
    probability: float  # 0 to 1


@dataclass(frozen=True, eq=False)
class Analysis:
    """The result of ``analyze``: one forward and backward pass over a batch.

    All norms are 2-norms of the gradient of ``score``. Activation gradients differentiate the sum
    of the score over the batch, so that each image gets its own gradient; parameter gradients
    differentiate the mean.

    Attributes
    ----------
    network
        Name of the network.
    score
        The scalar that the gradient norms differentiate.
    batch_norm
        Which statistics batch normalisation used.
    features
        Activations, (batch, channel, *positions) or (batch, feature). Values with their channels
        last are brought to this order where the layer has a map.
    cams
        Grad-CAM maps after the ReLU, not rescaled, at the layer's resolution.
    cam_weights
        Grad-CAM channel weights (alpha in Selvaraju et al. 2017, eq. 1).
    activation_gradient_norms
        ||dS/dA||_2 of each image, S being the score.
    parameter_gradient_norms
        ||dS/dW||_2 by parameter name; empty unless requested.
    parameter_norms
        ||W||_2 by parameter name.
    logits
        None if the network does not return logits.
    targets
        Target class of each image; None for a target function.
    activation_gradients
        dy/dA, same shapes as ``features``; empty unless requested.
    activation
        How ``logits`` become probabilities.

    """

    network: str
    score: Score
    batch_norm: BatchNormMode
    features: ByLayer[np.ndarray]
    cams: ByLayer[Float[np.ndarray, "batch ..."]]
    cam_weights: ByLayer[Float[np.ndarray, "batch channel"]]
    activation_gradient_norms: ByLayer[Float[np.ndarray, " batch"]]
    parameter_gradient_norms: Mapping[str, float]
    parameter_norms: Mapping[str, float]
    logits: Float[np.ndarray, "batch classes"] | None
    targets: Int64[np.ndarray, " batch"] | None
    activation_gradients: ByLayer[np.ndarray]
    activation: Activation = Activation.SOFTMAX

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the captured layers, in order of execution."""
        return tuple(self.features)

    @cached_property
    def probabilities(self) -> Float[np.ndarray, "batch classes"] | None:
        """The probability of each class by ``activation``; None without logits."""
        if self.logits is None:
            return None
        found = probabilities_of(self.logits, self.activation)
        found.setflags(write=False)
        return found

    @cached_property
    def weight_gradient_norms(self) -> ByLayer[float]:
        """||dS/dW||_2 of every captured layer that has a weight."""
        return self._of_weights(lambda name: self.parameter_gradient_norms[name])

    @cached_property
    def relative_weight_gradient_norms(self) -> ByLayer[float]:
        """||dS/dW||_2 / ||W||_2 of every captured layer that has a weight; NaN if ||W|| is 0."""
        return self._of_weights(
            lambda name: (
                self.parameter_gradient_norms[name] / self.parameter_norms[name]
                if self.parameter_norms[name]
                else float("nan")
            )
        )

    def upsampled(self, name: str, size: int | tuple[int, ...]) -> Float32[np.ndarray, "batch ..."]:
        """Return the Grad-CAM of a layer, linearly enlarged along each axis.

        Parameters
        ----------
        name
            The layer.
        size
            Height and width in pixels, or as many sides as the map has; an int means equal sides.

        """
        cam = self.cams[name]
        return enlarge(cam, *sides_of(size, cam.ndim - 1))

    def predictions(
        self, classes: tuple[str, ...] | None = None, *, image: int = 0, top: int = 5
    ) -> list[Prediction]:
        """Return the most probable classes of one image, best first.

        Parameters
        ----------
        classes
            Class names by index; without them, labels are the indices.
        image
            Index of the image in the batch.
        top
            Maximum number of classes.

        Returns
        -------
        list of Prediction
            Empty if the network does not return logits. A single sigmoid with two class names is
            the probability of the second.

        """
        if self.probabilities is None:
            return []
        row = self.probabilities[image]
        if row.shape == (1,) and classes is not None and len(classes) == 2:
            row = np.array([1 - row[0], row[0]])
        best = np.argsort(-row, kind="stable")[:top]
        return [Prediction(int(i), classes[i] if classes else str(i), float(row[i])) for i in best]

    def to_frame(self, image: int = 0) -> "pd.DataFrame":
        """Return one row per layer: name, shape, gradient norms and the maximum of its map."""
        import pandas as pd

        rows = [
            {
                "layer": name,
                "shape": "x".join(map(str, self.features[name].shape[1:])),
                "activation_gradient_norm": float(self.activation_gradient_norms[name][image]),
                "weight_gradient_norm": self.weight_gradient_norms.get(name),
                "relative_weight_gradient_norm": self.relative_weight_gradient_norms.get(name),
                "cam_max": float(self.cams[name][image].max()) if name in self.cams else None,
            }
            for name in self.layers
        ]
        return pd.DataFrame(rows)

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder.

        Raises
        ------
        OutputError
            If the folder exists.

        """
        arrays = {
            f"{field}/{layer}": value
            for field in _SAVED
            for layer, value in getattr(self, field).items()
        }
        optional = {"logits": self.logits, "targets": self.targets}
        arrays |= {name: value for name, value in optional.items() if value is not None}
        manifest = {
            "network": self.network,
            "score": self.score,
            "batch_norm": self.batch_norm,
            "activation": self.activation,
            "layers": list(self.layers),
            "parameter_gradient_norms": dict(self.parameter_gradient_norms),
            "parameter_norms": dict(self.parameter_norms),
        }
        save_record(Path(folder), "analysis", manifest, arrays)

    def _of_weights(self, value: Callable[[str], float]) -> ByLayer[float]:
        # "conv#2" is the second run of "conv" in one pass; all runs share one weight.
        weights = {layer: f"{layer.partition('#')[0]}.weight" for layer in self.layers}
        return ByLayer(
            {
                layer: value(weight)
                for layer, weight in weights.items()
                if weight in self.parameter_gradient_norms
            }
        )
