"""Residual networks without normalisation: branches that start at zero, against BN.

SkipInit (De and Smith 2020, arXiv 2002.10444): each branch times a learned number that starts
at 0. Fixup (Zhang et al. 2019, arXiv 1901.09321): scaled weights, zeros, and learned shifts.
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
    """A short training of each network on the bundled photographs."""

    depth: int = 56
    steps: int = 12
    learning_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("steps", self.steps, 1, 1000)
        in_range("learning_rate", self.learning_rate, 0, 10)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.depth * (self.steps + 1)


def variants(depth: int) -> dict[str, NetworkSpec]:
    """Batch normalisation, none at all, SkipInit and Fixup: one depth, one kind of shortcut."""
    bare = GradientConfig(depths=(depth,), norm=Norm.NONE).spec(depth, Kind.RESIDUAL)
    values = bare.to_dict()
    return {
        "batch": NetworkSpec.from_dict({**values, "norm": "batch"}),
        "none": bare,
        "skipinit": NetworkSpec.from_dict({**values, "branch_scale": 0.0}),
        "fixup": NetworkSpec.from_dict({**values, "fixup": True}),
    }


def run(config: NormalisationConfig) -> Iterator[Finding]:
    """Variant by variant: the loss before every step."""
    images, labels = photographs()
    curves: list[Curve] = []
    numbers: dict[str, float] = {}
    specs = variants(config.depth)
    for place, (name, spec) in enumerate(specs.items(), 1):
        network = build(spec, seed=config.seed)
        history = list(losses(network, images, labels, steps=config.steps,
                              learning_rate=config.learning_rate))  # fmt: skip
        curves.append(curve(name, range(len(history)), history))
        numbers |= {f"{name}_first": history[0], f"{name}_last": history[-1]}
        whole = place == len(specs)
        panel = Panel("training", "step", "loss", tuple(curves), log_y=True)
        answer = _answer(numbers) if whole else None
        progress = place / len(specs)
        yield Finding("normalisation-free", asdict(config), progress, (panel,), numbers, answer)


def _answer(numbers: dict[str, float]) -> str:
    def trains(name: str) -> bool:
        last = numbers[f"{name}_last"]
        return isfinite(last) and last < min(numbers[f"{name}_first"], 2.0)

    if trains("none"):
        return "none_trains"
    return "zero_trains" if trains("skipinit") or trains("fixup") else "nothing_trains"
