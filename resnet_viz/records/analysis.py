"""What one pass over a batch tells about a network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int64

from resnet_viz.core.saving import save_record
from resnet_viz.pictures.resample import enlarge
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
    """The scalar whose gradient norms are taken. Class activation maps are always the logit's."""

    LOGIT = "logit"  # of the target class, before softmax
    LOSS = "loss"  # cross-entropy with the target class


class BatchNormMode(StrEnum):
    """Which statistics batch normalisation used."""

    TRAIN = "train"  # those of the batch
    EVAL = "eval"  # the running ones
    NONE = "none"  # the network has no batch normalisation


@dataclass(frozen=True)
class Prediction:
    """One class with its softmax probability."""

    index: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything one pass over a batch tells about a network.

    Norms are 2-norms of the gradient of ``score``; activation gradients are of the score summed
    over the batch and so belong to one image each, parameter gradients are of the mean score.
    """

    network: str
    score: Score
    batch_norm: BatchNormMode
    features: ByLayer[np.ndarray]  # (batch, channel, height, width), or (batch, feature)
    cams: ByLayer[Float[np.ndarray, "batch h w"]]  # Grad-CAM after ReLU, unscaled, layer's size
    cam_weights: ByLayer[Float[np.ndarray, "batch channel"]]  # alpha of Selvaraju 2017, eq. 1
    activation_gradient_norms: ByLayer[Float[np.ndarray, " batch"]]
    parameter_gradient_norms: Mapping[str, float]  # by parameter name; empty unless asked for
    parameter_norms: Mapping[str, float]
    logits: Float[np.ndarray, "batch classes"] | None  # None where the output is not logits
    targets: Int64[np.ndarray, " batch"] | None  # None for a target function
    activation_gradients: ByLayer[np.ndarray]  # dy/dA, as features; empty unless asked for

    @property
    def layers(self) -> tuple[str, ...]:
        """Captured layers in order of execution."""
        return tuple(self.features)

    @cached_property
    def probabilities(self) -> Float[np.ndarray, "batch classes"] | None:
        """Softmax of the logits."""
        if self.logits is None:
            return None
        shifted = np.exp(self.logits - self.logits.max(1, keepdims=True))
        shares = np.asarray(shifted / shifted.sum(1, keepdims=True))
        shares.setflags(write=False)
        return shares

    @cached_property
    def weight_gradient_norms(self) -> ByLayer[float]:
        """||dS/dW||_2 of every layer that owns a weight and was captured."""
        return self._of_weights(lambda name: self.parameter_gradient_norms[name])

    @cached_property
    def relative_weight_gradient_norms(self) -> ByLayer[float]:
        """||dS/dW||_2 / ||W||_2 of every layer that owns a weight and was captured."""
        return self._of_weights(
            lambda name: (
                self.parameter_gradient_norms[name] / self.parameter_norms[name]
                if self.parameter_norms[name]
                else float("nan")
            )
        )

    def upsampled(self, name: str, size: int | tuple[int, int]) -> Float32[np.ndarray, "batch h w"]:
        """The Grad-CAM of a layer, bilinearly enlarged to ``size`` (height, width) in pixels."""
        height, width = (size, size) if isinstance(size, int) else size
        return enlarge(self.cams[name], height, width)

    def predictions(
        self, classes: tuple[str, ...] | None = None, *, image: int = 0, top: int = 5
    ) -> list[Prediction]:
        """The most probable classes of one image, best first; [] where there are no logits."""
        if self.probabilities is None:
            return []
        row = self.probabilities[image]
        best = np.argsort(-row, kind="stable")[:top]
        return [Prediction(int(i), classes[i] if classes else str(i), float(row[i])) for i in best]

    def to_frame(self, image: int = 0) -> "pd.DataFrame":
        """One row a layer: name, shape, the gradient norms and the map's maximum."""
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
        """``arrays.npz`` and ``manifest.json`` in a new folder; ``OutputError`` if it exists."""
        arrays = {
            f"{kind}/{name}": value
            for kind in _SAVED
            for name, value in getattr(self, kind).items()
        }
        extra = {"logits": self.logits, "targets": self.targets}
        arrays |= {name: value for name, value in extra.items() if value is not None}
        manifest = {
            "network": self.network,
            "score": self.score,
            "batch_norm": self.batch_norm,
            "layers": list(self.layers),
            "parameter_gradient_norms": dict(self.parameter_gradient_norms),
            "parameter_norms": dict(self.parameter_norms),
        }
        save_record(Path(folder), "analysis", manifest, arrays)

    def _of_weights(self, value: Callable[[str], float]) -> ByLayer[float]:
        owners = {name: f"{name.partition('#')[0]}.weight" for name in self.layers}
        return ByLayer(
            {n: value(w) for n, w in owners.items() if w in self.parameter_gradient_norms}
        )
