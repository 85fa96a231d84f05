"""``Analysis``: activations, Grad-CAM maps and gradient norms of one batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int64

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.pictures.resample import enlarge, sides_of
from resnet_viz.records.by_layer import ByLayer
from resnet_viz.records.prediction import (
    Activation,
    BatchNormMode,
    Prediction,
    Score,
    class_name,
    most_probable,
    probabilities_of,
)
from resnet_viz.records.read_only import FrozenArrays, ReadOnly

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

_BY_LAYER = (
    "features",
    "activation_gradients",
    "cams",
    "cam_weights",
    "activation_gradient_norms",
)
_ARRAYS = ("logits", "targets", "images")
_NORMS = ("parameter_gradient_norms", "parameter_norms")


@dataclass(frozen=True, eq=False, repr=False)
class Analysis(FrozenArrays):
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
    images
        The batch as the network saw it, (batch, channel, *positions).
    classes
        Class names by index; None if they are not known.

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
    images: Float[np.ndarray, "batch input_channel ..."] | None = None
    classes: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        images = "" if self.images is None else f", images {_sizes(self.images)}"
        targets = ""
        if self.targets is not None:
            names = [class_name(int(one), self.classes) for one in self.targets[:4]]
            targets = f", targets {', '.join(names)}{', ...' if len(self.targets) > 4 else ''}"
        return (
            f"{type(self).__name__}({self.network}{images}, {len(self.layers)} layers of which "
            f"{len(self.cams)} have maps{targets}, score {self.score}, "
            f"batch norm {self.batch_norm})"
        )

    def __len__(self) -> int:
        """Return the number of images."""
        return len(next(iter(self.activation_gradient_norms.values())))

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
            Class names by index; by default those of the record, or the indices.
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
        return most_probable(self.probabilities[image], classes or self.classes, top)

    def to_frame(self, image: int | None = None) -> "pd.DataFrame":
        """Return a table of shapes, gradient norms and the maximum of each map.

        It has one row per image and layer, or per layer of one ``image``. Norms of weights are of
        the whole batch.
        """
        import pandas as pd

        if image is not None:
            return pd.DataFrame(self._rows(image))
        rows = [{"image": one, **row} for one in range(len(self)) for row in self._rows(one)]
        return pd.DataFrame(rows)

    def manifest(self) -> JsonObject:
        """Return everything except the arrays as JSON values."""
        return {
            "network": self.network,
            "score": self.score,
            "batch_norm": self.batch_norm,
            "activation": self.activation,
            "classes": None if self.classes is None else list(self.classes),
            "layers": list(self.layers),
            **{name: dict(getattr(self, name)) for name in _NORMS},
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays; those of a layer are named "features/layer1.0"."""
        by_layer = {
            f"{field}/{layer}": value
            for field in _BY_LAYER
            for layer, value in getattr(self, field).items()
        }
        single = {name: getattr(self, name) for name in _ARRAYS}
        return by_layer | {name: value for name, value in single.items() if value is not None}

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder.

        Raises
        ------
        OutputError
            If the folder exists.

        """
        save_record(Path(folder), "analysis", self.manifest(), self.arrays())

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "analysis", cls.from_saved)

    @classmethod
    def from_saved(cls, manifest: JsonObject, arrays: Mapping[str, np.ndarray]) -> "Self":
        """Make a record of its ``manifest`` and ``arrays``."""
        by_layer: dict[str, dict[str, np.ndarray]] = {field: {} for field in _BY_LAYER}
        for name, value in arrays.items():
            field, _, layer = name.partition("/")
            if layer:
                by_layer[field][layer] = value
        norms = {
            field: ReadOnly({name: float(value) for name, value in manifest[field].items()})
            for field in _NORMS
        }
        classes = manifest["classes"]
        return cls(
            network=str(manifest["network"]),
            score=Score(manifest["score"]),
            batch_norm=BatchNormMode(manifest["batch_norm"]),
            activation=Activation(manifest["activation"]),
            classes=None if classes is None else tuple(classes),
            features=ByLayer(by_layer["features"]),
            activation_gradients=ByLayer(by_layer["activation_gradients"]),
            cams=ByLayer(by_layer["cams"]),
            cam_weights=ByLayer(by_layer["cam_weights"]),
            activation_gradient_norms=ByLayer(by_layer["activation_gradient_norms"]),
            parameter_gradient_norms=norms["parameter_gradient_norms"],
            parameter_norms=norms["parameter_norms"],
            logits=arrays.get("logits"),
            targets=arrays.get("targets"),
            images=arrays.get("images"),
        )

    def _rows(self, image: int) -> list[dict[str, object]]:
        return [
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


def _sizes(images: np.ndarray) -> str:
    return "x".join(map(str, images.shape))
