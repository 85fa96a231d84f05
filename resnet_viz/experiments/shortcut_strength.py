"""Experiment "shortcut-strength": y = F(x) + lambda x for lambda from 0 (plain) to 1 (residual).

He et al. 2016 (arXiv 1603.05027), sec. 3: after L blocks, the shortcuts scale x by lambda^L.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.gradient_growth import GradientConfig, measured_gradients
from resnet_viz.experiments.measures.short_training import losses
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Finding, Panel
from resnet_viz.spec import Kind


@dataclass(frozen=True, kw_only=True)
class StrengthConfig:
    """Settings of the experiment."""

    depth: int = 56
    strengths: tuple[float, ...] = (0.0, 0.5, 0.8, 0.9, 1.0)  # values of lambda
    steps: int = 5  # of SGD on the bundled photographs
    learning_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 0, 1000)
        in_range("learning_rate", self.learning_rate, 0, 10)
        for strength in self.strengths:
            in_range("strengths", strength, 0, 1)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.depth * len(self.strengths) * (self.steps + 2)


def run(config: StrengthConfig) -> Iterator[Finding]:
    """Yield a finding after each strength.

    Measures the gradient ratio (first over last convolution) before and after a short training,
    and its loss.
    """
    images, labels = photographs()
    ratios, curves, carried, trained_ratios = [], [], [], []
    blocks = (config.depth - 2) // 2
    for number, strength in enumerate(config.strengths, 1):
        spec = GradientConfig(depths=(config.depth,), shortcut_scale=strength).spec(
            config.depth, Kind.RESIDUAL
        )
        network = build(spec, seed=config.seed)
        before = measured_gradients(network, images, labels, seed=config.seed)
        ratios.append(before.first_over_last or float("nan"))
        carried.append(strength**blocks)
        history = list(losses(network, images, labels, steps=config.steps,
                              learning_rate=config.learning_rate))  # fmt: skip
        curves.append(curve(f"λ = {strength:g}", range(len(history)), history))
        after = measured_gradients(network, images, labels, seed=config.seed, step=config.steps)
        trained_ratios.append(after.first_over_last or float("nan"))
        strengths = config.strengths[:number]
        ratio_curves = (
            curve("ratio", strengths, ratios),
            curve("ratio_trained", strengths, trained_ratios),
        )
        panels = (
            Panel("ratio", "strength", "ratio", ratio_curves, log_y=True),
            Panel("carried", "strength", "carried", (curve("carried", strengths, carried),)),
            Panel("training", "step", "loss", tuple(curves)),
        )
        numbers = {
            "weakest_ratio": ratios[0],
            "strongest_ratio": ratios[-1],
            "weakest_trained": trained_ratios[0],
            "strongest_trained": trained_ratios[-1],
            "weakest": strengths[0],
            "strongest": strengths[-1],
            "blocks": float(blocks),
            "carried": 0.9**blocks,
        }
        answer = None
        if number == len(config.strengths):
            answer = "falls" if ratios[-1] < ratios[0] / 2 else "rises"
        progress = number / len(config.strengths)
        yield Finding("shortcut-strength", asdict(config), progress, panels, numbers, answer)
