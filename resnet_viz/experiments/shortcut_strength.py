"""Experiment "shortcut-strength": y = F(x) + lambda x for lambda from 0 (plain) to 1 (residual).

He et al. 2016 (arXiv 1603.05027), sec. 3: after L blocks, the shortcuts scale x by lambda^L.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.gradient_growth import GradientConfig, measured_gradients
from resnet_viz.experiments.measures.short_training import losses
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.records import Finding, Mark, Panel
from resnet_viz.spec import Kind

_CURVE_POINTS = 101  # of the analytic curve


@dataclass(frozen=True, kw_only=True)
class StrengthConfig:
    """Settings of the experiment."""

    depth: int = 56
    strengths: tuple[float, ...] = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)  # values of lambda
    seeds: int = 3  # number of seeds, of the measurement at initialisation
    steps: int = 5  # of SGD on the bundled photographs
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 0, 1000)
        in_range("seeds", self.seeds, 1, 20)
        in_range("learning_rate", self.learning_rate, 0, 10)
        for strength in self.strengths:
            in_range("strengths", strength, 0, 1)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.depth * len(self.strengths) * (self.steps + 2 + self.seeds)


def run(config: StrengthConfig) -> Iterator[Finding]:
    """Yield a finding after each strength.

    Measures the gradient ratio (first over last convolution) at initialisation for each seed, and
    after a short training with the first; and the loss of that training.
    """
    measured: list[_Measured] = []
    for number in range(1, len(config.strengths) + 1):
        measured.append(_measured(config, config.strengths[number - 1]))
        progress = number / len(config.strengths)
        numbers = _numbers(config, measured) if progress == 1 else {}
        panels = tuple(_panels(config, measured))
        yield Finding("shortcut-strength", asdict(config), progress, panels, numbers)


@dataclass(frozen=True)
class _Measured:
    """One strength: ratios of the first to the last gradient, and losses before each step."""

    strength: float
    ratios: list[float]  # at initialisation, by seed
    trained: float  # after the steps
    losses: list[float]


def _measured(config: StrengthConfig, strength: float) -> _Measured:
    images, labels = photographs()
    spec = GradientConfig(depths=(config.depth,), shortcut_scale=strength).spec(
        config.depth, Kind.RESIDUAL
    )

    def ratio(network: ResNet, seed: int, step: int = 0) -> float:
        found = measured_gradients(network, images, labels, seed=seed, step=step)
        return found.first_over_last or float("nan")

    ratios = [ratio(build(spec, seed=seed), seed) for seed in range(config.seeds)]
    network = build(spec, seed=0)
    history = list(losses(network, images, labels, steps=config.steps,
                          learning_rate=config.learning_rate))  # fmt: skip
    return _Measured(strength, ratios, ratio(network, 0, config.steps), history)


def _panels(config: StrengthConfig, measured: list[_Measured]) -> Iterator[Panel]:
    strengths = [one.strength for one in measured]
    by_strength = np.array([one.ratios for one in measured])
    middle = np.exp(np.log(by_strength).mean(1))
    spread = by_strength.min(1), by_strength.max(1)
    continuous = np.linspace(0, 1, _CURVE_POINTS)
    yield Panel(
        "ratio", "strength", "ratio",
        (
            curve("ratio", strengths, middle, spread=spread),
            curve("ratio_trained", strengths, [one.trained for one in measured]),
        ),
        mark=Mark.POINTS, log_y=True,
    )  # fmt: skip
    carried = curve("carried", continuous, continuous ** _blocks(config))
    yield Panel("carried", "strength", "carried", (carried,))
    yield Panel(
        "training", "step", "loss",
        tuple(curve(f"λ = {one.strength:g}", range(len(one.losses)), one.losses)
              for one in measured),
    )  # fmt: skip


def _blocks(config: StrengthConfig) -> int:
    return (config.depth - 2) // 2


def _numbers(config: StrengthConfig, measured: list[_Measured]) -> dict[str, float]:
    """Return the ratios at both ends, how far they fall, and whether they do so after the steps."""
    ordered = sorted(measured, key=lambda one: one.strength)
    weakest, strongest = ordered[0], ordered[-1]
    weak = next((one for one in ordered if 0 < one.strength <= 0.5), None)
    trained = [one.trained for one in ordered]
    numbers = {
        "weakest": weakest.strength,
        "strongest": strongest.strength,
        "weakest_ratio": float(np.exp(np.log(weakest.ratios).mean())),
        "strongest_ratio": float(np.exp(np.log(strongest.ratios).mean())),
        "weakest_trained": weakest.trained,
        "strongest_trained": strongest.trained,
        "most_trained": max(trained),
        "most_trained_at": ordered[int(np.argmax(trained))].strength,
        "monotone": float(trained == sorted(trained) or trained == sorted(trained, reverse=True)),
        "highest_first_loss": max(one.losses[0] for one in ordered),
        "highest_first_loss_at": max(ordered, key=lambda one: one.losses[0]).strength,
        "blocks": float(_blocks(config)),
        "carried": 0.9 ** _blocks(config),
    }
    return {
        **numbers,
        **_fall("fall", weakest, strongest),
        **({} if weak is None else _fall("fall_of_weak", weak, strongest)),
    }


def _fall(name: str, weak: _Measured, strong: _Measured) -> dict[str, float]:
    """Return by which factor the ratio falls from one strength to another, over the seeds."""
    falls = [a / b for a, b in zip(weak.ratios, strong.ratios, strict=True)]
    return around_mean(name, falls, logarithmic=True)
