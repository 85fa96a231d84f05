"""Experiment "normalisation-free": deep residual networks with zero-initialised branches.

Compares batch normalisation, no normalisation, SkipInit (De and Smith 2020, arXiv 2002.10444: a
learned factor per branch, initially 0) and Fixup (Zhang et al. 2019, arXiv 1901.09321: rescaled
weights, zero-initialised layers, learned scales and biases).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isfinite

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.gradient_growth import GradientConfig
from resnet_viz.experiments.measures.short_training import losses
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Curve, Finding, Panel
from resnet_viz.spec import Kind, NetworkSpec, Norm


@dataclass(frozen=True, kw_only=True)
class NormalisationConfig:
    """Settings of the experiment: a short training on the bundled photographs."""

    depth: int = 56
    steps: int = 12  # of SGD
    learning_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 1, 1000)
        in_range("learning_rate", self.learning_rate, 0, 10)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.depth * (self.steps + 1)


def variants(depth: int) -> dict[str, NetworkSpec]:
    """Return the compared networks by name."""
    bare = GradientConfig(depths=(depth,), norm=Norm.NONE).spec(depth, Kind.RESIDUAL)
    values = bare.to_dict()
    return {
        "batch": NetworkSpec.from_dict({**values, "norm": "batch"}),
        "none": bare,
        "skipinit": NetworkSpec.from_dict({**values, "branch_scale": 0.0}),
        "fixup": NetworkSpec.from_dict({**values, "fixup": True}),
    }


def run(config: NormalisationConfig) -> Iterator[Finding]:
    """Yield a finding after each variant: its loss before every step."""
    images, labels = photographs()
    curves: list[Curve] = []
    numbers: dict[str, float] = {}
    specs = variants(config.depth)
    for number, (name, spec) in enumerate(specs.items(), 1):
        network = build(spec, seed=config.seed)
        history = list(losses(network, images, labels, steps=config.steps,
                              learning_rate=config.learning_rate))  # fmt: skip
        curves.append(curve(name, range(len(history)), history))
        numbers |= {f"{name}_first": history[0], f"{name}_last": history[-1]}
        panel = Panel("training", "step", "loss", tuple(curves), log_y=True)
        answer = _answer(numbers) if number == len(specs) else None
        progress = number / len(specs)
        yield Finding("normalisation-free", asdict(config), progress, (panel,), numbers, answer)


def _answer(numbers: dict[str, float]) -> str:
    def trains(name: str) -> bool:
        last = numbers[f"{name}_last"]
        return isfinite(last) and last < min(numbers[f"{name}_first"], 2.0)

    if trains("none"):
        return "none_trains"
    return "zero_trains" if trains("skipinit") or trains("fixup") else "nothing_trains"
