"""Shattered gradients: df/dx of fresh networks from numbers to numbers.

Balduzzi et al. 2017 (arXiv 1702.08591), sec. 2: in deep plain networks df/dx becomes white noise
in x; in residual networks it stays correlated, the more so the smaller the branches are.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.settings import in_range
from resnet_viz.records import Finding, Panel
from resnet_viz.spec import Kind

_POINTS = 256  # on [-2, 2]
_NORM_FLOOR = 1e-5  # added to a variance, as in torch


@dataclass(frozen=True)
class Network:
    """One curve: hidden layers, and the factor of its branches; None for a plain network."""

    name: str
    layers: int
    branch: float | None = None

    @property
    def kind(self) -> Kind:
        """Plain without a factor."""
        return Kind.PLAIN if self.branch is None else Kind.RESIDUAL


#: The networks of SCIENCE's table, shallow plain ones first.
NETWORKS = (
    Network("plain-2", 2),
    Network("plain-10", 10),
    Network("plain-24", 24),
    Network("plain-50", 50),
    Network("residual-50", 50, 1.0),
    Network("residual-50 x 0.1", 50, 0.1),
)


@dataclass(frozen=True, kw_only=True)
class ShatteredConfig:
    """``seeds`` are averaged; ``width`` is that of every hidden layer."""

    seeds: int = 10
    width: int = 200
    lags: int = 20

    def __post_init__(self) -> None:
        in_range("seeds", self.seeds, 1, 200)
        in_range("width", self.width, 2, 2000)
        in_range("lags", self.lags, 1, _POINTS - 1)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.seeds * self.width**2


def run(config: ShatteredConfig) -> Iterator[Finding]:
    """Network by network; the last record holds the derivative of one seed of each, too."""
    curves, drawn, numbers = [], [], {}
    x = np.linspace(-2, 2, _POINTS)
    for place, network in enumerate(NETWORKS, 1):
        gradients = [derivative(network, config.width, seed) for seed in range(config.seeds)]
        correlation = np.mean([autocorrelation(g, config.lags) for g in gradients], axis=0)
        lags = range(config.lags + 1)
        curves.append(curve(network.name, lags, correlation, kind=network.kind))
        first = gradients[0] / np.abs(gradients[0]).max()
        drawn.append(curve(network.name, x, first, kind=network.kind))
        numbers[network.name] = float(correlation[1])
        last = place == len(NETWORKS)
        panels = (
            Panel("autocorrelation", "lag", "autocorrelation", tuple(curves)),
            Panel("derivative", "input", "derivative", tuple(drawn)),
        )
        answer = _answer(numbers) if last else None
        progress = place / len(NETWORKS)
        yield Finding("shattered-gradients", asdict(config), progress, panels, numbers, answer)


def _answer(numbers: dict[str, float]) -> str:
    plain, residual = numbers["plain-50"], numbers["residual-50"]
    if residual > plain + 0.1:
        return "plain"
    return "residual" if plain > residual + 0.1 else "both"


def derivative(network: Network, width: int, seed: int) -> Float64[np.ndarray, " points"]:
    """df/dx on a grid, in double precision.

    f: x -> w x + b with normal w and b; then the hidden layers; then the sum with normal weights.
    A plain layer is ReLU(BN(W h)), a residual one h + c W ReLU(BN(h)); W is
    normal with variance 2 / width. The statistics of batch normalisation are those of the grid and
    are constants to the derivative, so that f is a function of x alone.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    with torch.inference_mode(False), torch.enable_grad():
        x = torch.linspace(-2, 2, _POINTS, dtype=torch.float64).requires_grad_()
        hidden = normal(width) * x[:, None] + normal(width)
        for _ in range(network.layers):
            weight = normal(width, width) * (2 / width) ** 0.5
            if network.branch is None:
                hidden = torch.relu(_normalised(hidden @ weight.T))
            else:
                step = torch.relu(_normalised(hidden)) @ weight.T
                hidden = hidden + network.branch * step
        value = (hidden @ normal(width)).sum()
        (gradient,) = torch.autograd.grad(value, x)
    found: np.ndarray = gradient.numpy()
    return found


def _normalised(value: Tensor) -> Tensor:
    constant = value.detach()
    deviation = (constant.var(0, correction=0) + _NORM_FLOOR).sqrt()
    return (value - constant.mean(0)) / deviation


def autocorrelation(
    values: Float64[np.ndarray, " points"], lags: int
) -> Float64[np.ndarray, " lags"]:
    """The share of variance that values have in common with those ``lag`` places on: 1 at 0."""
    centred = values - values.mean()
    whole = float(centred @ centred)
    if not whole:
        return np.full(lags + 1, np.nan)
    return np.array([centred[: len(centred) - k] @ centred[k:] / whole for k in range(lags + 1)])
