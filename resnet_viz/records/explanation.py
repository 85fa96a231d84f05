"""``Explanation``: an attribution map of one image, and its faithfulness scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.number_format import readable
from resnet_viz.core.saving import read_record, save_record
from resnet_viz.pictures.resample import enlarge, sides_of
from resnet_viz.records.map_facts import Blank, Completeness, Fused, Fusion, MapStatistics
from resnet_viz.records.prediction import (
    Activation,
    Prediction,
    class_name,
    most_probable,
    probabilities_of,
)
from resnet_viz.records.read_only import FrozenArrays

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

#: The arrays of the record besides the map; each may be missing.
_OPTIONAL = ("logits", "attributions", "image", "baseline_values")


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(FrozenArrays):
    """The result of ``explain``: one method's map of one image.

    Attributes
    ----------
    network
        Name of the network.
    method
        Name of the method (``MethodName``).
    options
        Values of the method's options.
    layer
        The layer; None for a method at the input and for fused layers.
    target
        Index of the explained class; None for a target function.
    against
        If given, the explained score is the difference of logits, ``target`` minus ``against``.
    signed
        Whether negative values have a meaning.
    map
        The map, not rescaled, at the layer's resolution; at the input's without a layer. It has an
        axis for each axis of positions of the input.
    attributions
        Attribution of each input value; None for a method at a layer.
    logits
        Output of the network; None if it is not logits.
    input_size
        Sides of the input: height and width in pixels.
    blank
        Why the map is blank; None if it is not.
    completeness
        Check of the attributions' sum; None for methods without this property.
    fused
        The layers and how they are combined; None for a single layer.
    activation
        How ``logits`` become probabilities.
    image
        The image as the network saw it, (channel, *positions).
    classes
        Class names by index; None if they are not known.
    baseline
        What counts as no information: "zero", "mean", "blur" or "own"; None for a method without.
    baseline_values
        The baseline itself, (channel, *positions), if it is the caller's own.

    """

    network: str
    method: str
    options: Mapping[str, float]
    layer: str | None
    target: int | None
    against: int | None
    signed: bool
    map: Float[np.ndarray, "..."]
    attributions: Float[np.ndarray, "channel ..."] | None
    logits: Float[np.ndarray, " classes"] | None
    input_size: tuple[int, ...]
    blank: Blank | None
    completeness: Completeness | None
    fused: Fused | None = None
    activation: Activation = Activation.SOFTMAX
    image: Float[np.ndarray, "channel ..."] | None = None
    classes: tuple[str, ...] | None = None
    baseline: str | None = None
    baseline_values: Float[np.ndarray, "channel ..."] | None = None

    def __repr__(self) -> str:
        statistics = self.statistics
        sides = "x".join(map(str, self.map.shape))
        blank = "" if self.blank is None else f", blank: {self.blank}"
        return (
            f"{type(self).__name__}({self.network}, {self.method} at {self.place or 'the input'}, "
            f"{self._score_name}, map {sides} from {readable(statistics.minimum)} to "
            f"{readable(statistics.maximum)}{blank})"
        )

    @property
    def target_label(self) -> str:
        """Name of the explained class; its index if names are not known, "" for a function."""
        return "" if self.target is None else class_name(self.target, self.classes)

    @property
    def _score_name(self) -> str:
        if self.target is None:
            return "a target function"
        against = "" if self.against is None else class_name(self.against, self.classes)
        return f"target {self.target_label}" + (f" against {against}" if against else "")

    @property
    def place(self) -> str | None:
        """The layer, or the fused layers as text; None for a method at the input."""
        return self.layer if self.fused is None else str(self.fused)

    @property
    def probabilities(self) -> Float[np.ndarray, " classes"] | None:
        """The probability of each class by ``activation``; None without logits."""
        return None if self.logits is None else probabilities_of(self.logits, self.activation)

    @property
    def statistics(self) -> MapStatistics:
        """Statistics of the map; NaN if no value is finite."""
        values = self.map[np.isfinite(self.map)]
        if not values.size:
            return MapStatistics(*[float("nan")] * 5)
        shares = [float((values > 0).mean()), float((values == 0).mean())]
        return MapStatistics(
            float(values.min()), float(values.max()), float(values.mean()), *shares
        )

    def upsampled(self, size: int | tuple[int, ...], *more: int) -> Float32[np.ndarray, "..."]:
        """Return the map, linearly enlarged along each axis.

        ``size`` is as of ``Analysis.upsampled``; the sides may also be given one by one.
        """
        sides = (size, *more) if more and isinstance(size, int) else size
        return np.asarray(enlarge(self.map[None], *sides_of(sides, self.map.ndim))[0])

    def predictions(self, classes: tuple[str, ...] | None = None, top: int = 5) -> list[Prediction]:
        """Return the most probable classes, best first; none without logits.

        ``classes`` are names by index; by default those of the record.
        """
        if self.probabilities is None:
            return []
        return most_probable(self.probabilities, classes or self.classes, top)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row for each layer of the map, or one for a method at the input."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def rows(self) -> list[dict[str, object]]:
        """Return the rows of ``to_frame``."""
        statistics, shares = self.statistics, self.probabilities
        layers = [self.layer] if self.fused is None else self.fused.layers
        found = None if shares is None or self.target is None else float(shares[self.target])
        return [
            {
                "layer": layer,
                "method": self.method,
                "target": self.target,
                "label": self.target_label,
                "probability": found,
                "map_min": statistics.minimum,
                "map_max": statistics.maximum,
                "map_mean": statistics.mean,
                "blank": None if self.blank is None else self.blank.value,
            }
            for layer in layers
        ]

    def manifest(self) -> JsonObject:
        """Return everything except the arrays as JSON values."""
        statistics = self.statistics
        completeness = self.completeness
        return {
            "network": self.network,
            "method": self.method,
            "options": dict(self.options),
            "layer": self.layer,
            "fused": self.fused
            and {
                "how": self.fused.how,
                "scaling": "own_maximum",
                "layers": list(self.fused.layers),
            },
            "target": self.target,
            "against": self.against,
            "signed": self.signed,
            "input_size": list(self.input_size),
            "map": {
                "shape": list(self.map.shape),
                "minimum": statistics.minimum,
                "maximum": statistics.maximum,
                "mean": statistics.mean,
                "positive": statistics.positive,
                "zero": statistics.zero,
            },
            "blank": self.blank,
            "completeness": completeness
            and {"attributed": completeness.attributed, "difference": completeness.difference},
            "activation": self.activation,
            "classes": None if self.classes is None else list(self.classes),
            "baseline": self.baseline,
            "logits": None if self.logits is None else [float(value) for value in self.logits],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the map and, if present, logits, attributions, image and own baseline."""
        found = {"map": self.map} | {name: getattr(self, name) for name in _OPTIONAL}
        return {name: value for name, value in found.items() if value is not None}

    def save(self, folder: str | Path) -> None:
        """Write ``arrays.npz`` and ``manifest.json`` to a new folder.

        Raises
        ------
        OutputError
            If the folder exists.

        """
        save_record(Path(folder), "explanation", self.manifest(), self.arrays())

    @classmethod
    def load(cls, folder: str | Path) -> "Self":
        """Read what ``save`` wrote; ``DataError`` for anything else."""
        return read_record(Path(folder), "explanation", cls.from_saved)

    @classmethod
    def from_saved(cls, manifest: JsonObject, arrays: Mapping[str, np.ndarray]) -> "Self":
        """Make a record of its ``manifest`` and ``arrays``."""
        fused, complete, classes = (manifest[n] for n in ("fused", "completeness", "classes"))
        return cls(
            network=manifest["network"],
            method=manifest["method"],
            options=manifest["options"],
            layer=manifest["layer"],
            target=manifest["target"],
            against=manifest["against"],
            signed=manifest["signed"],
            baseline=manifest["baseline"],
            input_size=tuple(manifest["input_size"]),
            blank=manifest["blank"] and Blank(manifest["blank"]),
            completeness=complete and Completeness(**{n: float(v) for n, v in complete.items()}),
            fused=fused and Fused(Fusion(fused["how"]), tuple(fused["layers"])),
            activation=Activation(manifest["activation"]),
            classes=None if classes is None else tuple(classes),
            map=arrays["map"],
            attributions=arrays.get("attributions"),
            logits=arrays.get("logits"),
            image=arrays.get("image"),
            baseline_values=arrays.get("baseline_values"),
        )
