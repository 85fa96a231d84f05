"""Experiment "zero-means-identity": a small block learns y = x, with and without a shortcut.

He et al. 2015 (arXiv 1512.03385), sec. 3.1: if the identity is optimal, it is easier to push the
weights of a branch to zero than to fit the identity by a stack of nonlinear layers.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from resnet_viz.experiments.measures.batches import photographs
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.settings import in_range
from resnet_viz.records import Curve, Finding, Panel


@dataclass(frozen=True, kw_only=True)
class IdentityConfig:
    """Settings: two 3x3 convolutions with a ReLU in between, trained by SGD with momentum 0.9."""

    channels: int = 16
    steps: int = 100  # of SGD
    learning_rate: float = 0.01
    weight_decay: float = 1e-4
    seeds: int = 3  # number of seeds

    def __post_init__(self) -> None:
        in_range("channels", self.channels, 3, 256)
        in_range("steps", self.steps, 1, 10_000)
        in_range("learning_rate", self.learning_rate, 0, 10)
        in_range("seeds", self.seeds, 1, 20)
        in_range("weight_decay", self.weight_decay, 0, 1)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.channels**2 * self.steps * self.seeds


def run(config: IdentityConfig) -> Iterator[Finding]:
    """Yield a finding after the residual block and after the plain one.

    Both start from the same weights and use the same pictures, seed by seed.
    """
    curves: list[Curve] = []
    numbers: dict[str, float] = {}
    last: dict[str, np.ndarray] = {}
    for number, kind in enumerate(("residual", "plain"), 1):
        errors = np.array([
            list(_errors(config, seed, shortcut=kind == "residual")) for seed in range(config.seeds)
        ])  # fmt: skip
        mean = np.exp(np.log(errors).mean(0))
        ends = errors.min(0), errors.max(0)
        curves.append(curve(kind, range(len(mean)), mean, spread=ends))
        last[kind] = errors[:, -1]
        numbers |= {f"{kind}_first": float(mean[0]), f"{kind}_last": float(mean[-1])}
        if number == 2:
            ratios = (last["plain"] / last["residual"]).tolist()
            numbers |= around_mean("error_ratio", ratios, logarithmic=True)
        panel = Panel("error", "step", "relative_error", tuple(curves), log_y=True)
        yield Finding("zero-means-identity", asdict(config), number / 2, (panel,), numbers)


def _input(config: IdentityConfig, seed: int) -> Tensor:
    """Return ReLU of random mixtures of the photographs' colour channels, like a block's input."""
    images, _ = photographs()
    generator = torch.Generator().manual_seed(seed)
    mixture = torch.randn(config.channels, 3, 1, 1, generator=generator)
    return torch.relu(nn.functional.conv2d(images, mixture))


def _errors(config: IdentityConfig, seed: int, *, shortcut: bool) -> Iterator[float]:
    """Train the block; yield ||y - x||^2 / ||x||^2 before each step."""
    x = _input(config, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    shape = (config.channels, config.channels, 3, 3)
    deviation = (2 / (9 * config.channels)) ** 0.5
    weights = [(torch.randn(shape, generator=generator) * deviation) for _ in range(2)]
    with torch.inference_mode(False), torch.enable_grad():
        first, second = (weight.requires_grad_() for weight in weights)
        optimiser = torch.optim.SGD(
            [first, second],
            lr=config.learning_rate,
            momentum=0.9,
            weight_decay=config.weight_decay,
        )
        energy = x.square().sum()
        for _ in range(config.steps):
            hidden = torch.relu(nn.functional.conv2d(x, first, padding=1))
            branch = nn.functional.conv2d(hidden, second, padding=1)
            error = ((branch + x if shortcut else branch) - x).square().sum() / energy
            yield error.item()
            optimiser.zero_grad(set_to_none=True)
            error.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
