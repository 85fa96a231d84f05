"""The gradient's way to the input, with and without normalisation, with and without shortcuts."""

from collections.abc import Mapping

import numpy as np

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.gradient_growth import GradientConfig, gradient_measurements
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.records import Curve, Finding, GradientMeasurement, Panel
from resnet_viz.spec import Initialisation, Kind, Norm

_DEPTH, _SEEDS = 56, 3
_LEAST = 1e-45  # the smallest number of single precision; a smaller gradient is zero

#: The recipes, by the first half of a curve's name.
_RECIPES: Mapping[str, tuple[Norm, Initialisation]] = {
    "batch": (Norm.BATCH, Initialisation.HE_FAN_OUT),
    "none": (Norm.NONE, Initialisation.HE_FAN_OUT),
    "default": (Norm.NONE, Initialisation.DEFAULT),
}


def measure(depth: int = _DEPTH, seeds: int = _SEEDS) -> Finding:
    """Measure ||dL/da|| along untrained twins, and one step of SGD later with normalisation.

    A number such as ``batch_plain`` is the norm at the first convolution over that at the last.
    """
    numbers: dict[str, float] = {}
    curves = []
    for recipe, (norm, initialisation) in _RECIPES.items():
        config = GradientConfig(
            depths=(depth,), norm=norm, initialisation=initialisation, seeds=seeds,
            steps=1 if norm is Norm.BATCH else 0, learning_rate=0.1,
        )  # fmt: skip
        measured = list(gradient_measurements(config))
        for kind in Kind:
            name = f"{recipe}_{kind}"
            fresh = [m for m in measured if m.spec.kind is kind and m.step == 0]
            curves.append(_curve(name, kind, fresh))
            numbers |= _numbers(name, fresh)
            stepped = [m for m in measured if m.spec.kind is kind and m.step == 1]
            if stepped:
                numbers |= _numbers(f"{name}_stepped", stepped)
    panel = Panel("towards_input", "layer", "activation_gradient", tuple(curves), log_y=True)
    settings = {"depth": depth, "seeds": seeds}
    return Finding("two-by-two", settings, 1.0, (panel,), numbers)


def _numbers(name: str, measured: list[GradientMeasurement]) -> dict[str, float]:
    ratios = [first / last for first, *_, last in map(_norms, measured)]
    weights = [m.first_over_last or 0.0 for m in measured]
    found = around_mean(name, ratios, logarithmic=True)
    found |= {f"{name}_fall": 1 / found[name]}
    if min(weights) > 0:
        found |= around_mean(f"{name}_weights", weights, logarithmic=True)
    return found


def _norms(measured: GradientMeasurement) -> list[float]:
    return [max(layer.activation_gradient_norm, _LEAST) for layer in measured.convolutions()]


def _curve(name: str, kind: Kind, measured: list[GradientMeasurement]) -> Curve:
    """Return the geometric mean over seeds, from the first to the last convolution."""
    values = np.log([_norms(m) for m in measured]).mean(0)
    layers = [layer.name for layer in measured[0].convolutions()]
    return curve(name, range(1, len(layers) + 1), np.exp(values), (), kind)
