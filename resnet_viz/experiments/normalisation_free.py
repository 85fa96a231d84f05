"""Experiment "normalisation-free": deep residual networks with zero-initialised branches.

Compares batch normalisation, no normalisation, SkipInit (De and Smith 2020, arXiv 2002.10444: a
learned factor per branch, initially 0) and Fixup (Zhang et al. 2019, arXiv 1901.09321: rescaled
weights, zero-initialised layers, learned scales and biases).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import inf, isfinite, log

import numpy as np
from torch import Tensor

from resnet_viz.core.number_format import readable
from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.gradient_growth import GradientConfig
from resnet_viz.experiments.measures.short_training import losses
from resnet_viz.experiments.measures.spread import exact, spanned
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import build
from resnet_viz.records import Curve, Finding, Panel
from resnet_viz.spec import Kind, NetworkSpec, Norm

_GUESSING = log(10)  # cross-entropy of ten equal probabilities, in nats


@dataclass(frozen=True, kw_only=True)
class NormalisationConfig:
    """Settings of the experiment: a short training on the bundled photographs."""

    depth: int = 44
    steps: int = 100  # of SGD
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
    images, labels = _unmirrored(*photographs())
    curves: list[Curve] = []
    numbers: dict[str, float] = {}
    specs = variants(config.depth)
    for number, (name, spec) in enumerate(specs.items(), 1):
        network = build(spec, seed=config.seed)
        history = list(losses(network, images, labels, steps=config.steps,
                              learning_rate=config.learning_rate))  # fmt: skip
        curves.append(curve(name, range(len(history)), history, note=readable(history[-1], 2)))
        numbers |= _of(name, history)
        panel = Panel("training", "step", "loss", tuple(curves), log_y=True)
        progress = number / len(specs)
        yield Finding("normalisation-free", asdict(config), progress, (panel,), numbers)


def _unmirrored(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first half of the batch; the second holds the mirror images."""
    half = len(labels) // 2
    return images[:half], labels[:half]


def _of(name: str, history: list[float]) -> dict[str, float]:
    """Return the first and last loss, and the last over that of guessing.

    The spread is the range of the last tenth of the steps. A loss that is not finite has an
    infinite ratio: that network does not train.
    """
    numbers = {f"{name}_first": history[0], f"{name}_last": history[-1]}
    if not isfinite(history[-1]):
        return {**numbers, **exact(f"{name}_ratio", inf)}
    tail = [loss / _GUESSING for loss in history[-max(1, len(history) // 10) :]]
    return {**numbers, **spanned(f"{name}_ratio", float(np.median(tail)), tail)}
