"""Shortcut strength: y = F(x) + lambda x for lambda from 0 (plain) to 1 (residual).

He et al. 2016 (arXiv 1603.05027), sec. 3: behind L blocks the shortcuts alone carry lambda^L.
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
    """``steps`` of SGD on the bundled photographs behind each measurement at initialisation."""

    depth: int = 56
    strengths: tuple[float, ...] = (0.0, 0.5, 0.8, 0.9, 1.0)
    steps: int = 5
    learning_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 0, 1000)
        in_range("learning_rate", self.learning_rate, 0, 10)
        for strength in self.strengths:
            in_range("strengths", strength, 0, 1)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.depth * len(self.strengths) * (self.steps + 2)


def run(config: StrengthConfig) -> Iterator[Finding]:
    """Strength by strength: gradient ratio, the loss over a few steps, and the ratio after them."""
    images, labels = photographs()
    ratios, curves, carried, later = [], [], [], []
    blocks = (config.depth - 2) // 2
    for place, strength in enumerate(config.strengths, 1):
        spec = GradientConfig(depths=(config.depth,), shortcut_scale=strength).spec(
            config.depth, Kind.RESIDUAL
        )
        network = build(spec, seed=config.seed)
        measured = measured_gradients(network, images, labels, seed=config.seed)
        ratios.append(measured.first_over_last or float("nan"))
        carried.append(strength**blocks)
        history = list(losses(network, images, labels, steps=config.steps,
                              learning_rate=config.learning_rate))  # fmt: skip
        curves.append(curve(f"λ = {strength:g}", range(len(history)), history))
        after = measured_gradients(network, images, labels, seed=config.seed, step=config.steps)
        later.append(after.first_over_last or float("nan"))
        tried = config.strengths[:place]
        both = (curve("ratio", tried, ratios), curve("ratio_trained", tried, later))
        panels = (
            Panel("ratio", "strength", "ratio", both, log_y=True),
            Panel("carried", "strength", "carried", (curve("carried", tried, carried),)),
            Panel("training", "step", "loss", tuple(curves)),
        )
        numbers = {
            "weakest_ratio": ratios[0],
            "strongest_ratio": ratios[-1],
            "weakest_trained": later[0],
            "strongest_trained": later[-1],
            "weakest": tried[0],
            "strongest": tried[-1],
            "blocks": float(blocks),
            "carried": 0.9**blocks,
        }
        whole = place == len(config.strengths)
        answer = ("falls" if ratios[-1] < ratios[0] / 2 else "rises") if whole else None
        progress = place / len(config.strengths)
        yield Finding("shortcut-strength", asdict(config), progress, panels, numbers, answer)
