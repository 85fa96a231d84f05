"""Experiment "shattered-gradients": df/dx of untrained networks with scalar input and output.

Balduzzi et al. 2017 (arXiv 1702.08591), sec. 2: in deep plain networks df/dx resembles white noise
in x; in residual networks it stays correlated, more so with smaller branches.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.settings import in_range
from resnet_viz.records import Finding, Mark, Panel
from resnet_viz.spec import Kind

_POINTS = 256  # on [-2, 2]
_NORM_FLOOR = 1e-5  # added to a variance, as in torch


@dataclass(frozen=True)
class Network:
    """One measured network."""

    name: str
    layers: int  # hidden layers
    branch: float | None = None  # factor of each branch; None for a plain network

    @property
    def kind(self) -> Kind:
        """Plain if there is no branch factor, else residual."""
        return Kind.PLAIN if self.branch is None else Kind.RESIDUAL


#: The measured networks, shallow plain ones first.
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
    """Settings of the experiment."""

    seeds: int = 10  # number of seeds to average over
    width: int = 200  # of every hidden layer
    lags: int = 20  # largest lag of the autocorrelation, in grid points

    def __post_init__(self) -> None:
        in_range("seeds", self.seeds, 1, 200)
        in_range("width", self.width, 2, 2000)
        in_range("lags", self.lags, 1, _POINTS - 1)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.seeds * self.width**2


def run(config: ShatteredConfig) -> Iterator[Finding]:
    """Yield a finding after each network: autocorrelation, and df/dx of the first seed."""
    correlations, derivatives = [], []
    numbers: dict[str, float] = {}
    x = np.linspace(-2, 2, _POINTS)
    for number, network in enumerate(NETWORKS, 1):
        gradients = [derivative(network, config.width, seed) for seed in range(config.seeds)]
        by_seed = np.array([autocorrelation(g, config.lags) for g in gradients])
        lags = range(config.lags + 1)
        half = 1.96 * by_seed.std(0) / len(by_seed) ** 0.5
        ends = by_seed.mean(0) - half, by_seed.mean(0) + half
        correlations.append(
            curve(network.name, lags, by_seed.mean(0), kind=network.kind, spread=ends)
        )
        normalised = gradients[0] / np.abs(gradients[0]).max()
        note = f"{round(by_seed[:, 1].mean(), 2) + 0.0:.2f}"
        derivatives.append(curve(network.name, x, normalised, kind=network.kind, note=note))
        numbers |= around_mean(network.name, by_seed[:, 1].tolist())
        panels = (
            Panel("derivative", "input", "derivative", tuple(derivatives), mark=Mark.ROWS),
            Panel("autocorrelation", "lag", "autocorrelation", tuple(correlations)),
        )
        progress = number / len(NETWORKS)
        yield Finding("shattered-gradients", asdict(config), progress, panels, numbers)


def derivative(network: Network, width: int, seed: int) -> Float64[np.ndarray, " points"]:
    """Return df/dx on a grid of x, in double precision.

    f(x) applies w x + b, the hidden layers, and a weighted sum; w, b and the weights of the sum are
    standard normal. A plain layer is ReLU(BN(W h)), a residual layer h + c W ReLU(BN(h)); W is
    normal with variance 2 / width, and c is the branch factor. Batch normalisation uses the
    statistics of the grid and treats them as constants, so that f depends on x alone.
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
    values: np.ndarray = gradient.numpy()
    return values


def _normalised(value: Tensor) -> Tensor:
    constant = value.detach()
    deviation = (constant.var(0, correction=0) + _NORM_FLOOR).sqrt()
    return (value - constant.mean(0)) / deviation


def autocorrelation(
    values: Float64[np.ndarray, " points"], lags: int
) -> Float64[np.ndarray, " lags"]:
    """Return the autocorrelation at the lags 0 to ``lags``; NaN for constant values."""
    centred = values - values.mean()
    energy = float(centred @ centred)
    if not energy:
        return np.full(lags + 1, np.nan)
    return np.array([centred[: len(centred) - k] @ centred[k:] / energy for k in range(lags + 1)])
