"""Experiment "gradient-growth": growth of gradients per layer in wide fully connected networks.

Towards the input, the gradient of a plain network grows by a factor of sqrt(pi / (pi - 1)) = 1.211
per layer with batch normalisation (Yang et al. 2019, arXiv 1902.08129) and of 1 without (He et al.
2015b, arXiv 1502.01852). For h + W ReLU(h) without normalisation the factor is sqrt(2), because
each block doubles the variance.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from resnet_viz.core.number_format import readable
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.settings import in_range
from resnet_viz.records import Finding, Panel
from resnet_viz.records.theory import THEORY_BATCH_NORM
from resnet_viz.spec import Kind


@dataclass(frozen=True)
class Form:
    """One kind of layer and the growth of its gradients in theory."""

    name: str
    kind: Kind
    batch_norm: bool
    inside: bool = False  # whether the branch is W ReLU(h) rather than ReLU(W h)
    theory: float | None = None  # factor per layer; None if unknown


#: The kinds of layers that are measured.
FORMS = (
    Form("plain_bn", Kind.PLAIN, True, theory=THEORY_BATCH_NORM),
    Form("plain_bare", Kind.PLAIN, False, theory=1.0),
    Form("inside", Kind.RESIDUAL, False, inside=True, theory=math.sqrt(2)),
    Form("outside", Kind.RESIDUAL, False),
    Form("inside_bn", Kind.RESIDUAL, True, inside=True),
)


@dataclass(frozen=True, kw_only=True)
class MlpConfig:
    """Settings of the experiment."""

    width: int = 512
    batch: int = 512
    layers: int = 60
    seeds: int = 5  # number of seeds to average over

    def __post_init__(self) -> None:
        in_range("width", self.width, 2, 2048)
        in_range("batch", self.batch, 2, 2048)
        in_range("layers", self.layers, 4, 200)
        in_range("seeds", self.seeds, 1, 20)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.seeds * self.layers * self.batch * self.width**2


def run(config: MlpConfig) -> Iterator[Finding]:
    """Yield a finding after each kind of layer: ||dL/dh|| by layer, and its growth."""
    curves = []
    numbers: dict[str, float] = {}
    for number, form in enumerate(FORMS, 1):
        norms = np.array(
            [hidden_gradient_norms(form, config, seed) for seed in range(config.seeds)]
        )
        relative = norms / norms[:, -1:]
        mean, ends = np.exp(np.log(relative).mean(0)), (relative.min(0), relative.max(0))
        by_seed = [growth(one) for one in norms]
        factor = around_mean(form.name, by_seed, logarithmic=True)
        note = f"× {readable(factor[form.name])}"
        curves.append(
            curve(form.name, range(len(mean)), mean, kind=form.kind, spread=ends, note=note)
        )
        numbers |= factor
        panel = Panel("growth", "layer", "relative_gradient", tuple(curves), log_y=True)
        progress = number / len(FORMS)
        yield Finding("gradient-growth", asdict(config), progress, (panel,), numbers)


def hidden_gradient_norms(form: Form, config: MlpConfig, seed: int) -> list[float]:
    """Return ||dL/dh||_2 of each layer's input and of the output, in this order.

    L is a random linear function of the output.
    """
    generator = torch.Generator().manual_seed(seed)
    width = config.width
    with torch.inference_mode(False), torch.enable_grad():
        hidden = torch.randn(config.batch, width, generator=generator).requires_grad_()
        values = [hidden]
        for _ in range(config.layers):
            weight = torch.randn(width, width, generator=generator) * math.sqrt(2 / width)
            hidden = _layer(form, hidden, weight)
            values.append(hidden)
        target = torch.randn(config.batch, width, generator=generator)
        gradients = torch.autograd.grad((hidden * target).sum(), values)
    return [float(torch.linalg.vector_norm(g, dtype=torch.float64)) for g in gradients]


def _layer(form: Form, hidden: Tensor, weight: Tensor) -> Tensor:
    def norm(value: Tensor) -> Tensor:
        if not form.batch_norm:
            return value
        return torch.nn.functional.batch_norm(value, None, None, training=True)

    if form.inside:
        branch = torch.relu(norm(hidden)) @ weight.T
    else:
        branch = torch.relu(norm(hidden @ weight.T))
    return hidden + branch if form.kind is Kind.RESIDUAL else branch


def growth(norms: np.ndarray) -> float:
    """Return the growth factor per layer towards the input.

    Fits a straight line to the logarithms of the norms (least squares).
    """
    slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
    return float(np.exp(-slope))
