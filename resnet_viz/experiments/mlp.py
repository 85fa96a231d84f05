"""Growth of gradients a layer in the simplest networks: wide layers, no convolution.

Yang et al. 2019 (arXiv 1902.08129): with batch normalisation and without shortcuts the gradient
grows by sqrt(pi / (pi - 1)) = 1.211 a layer towards the input. Without it the form decides: 1 for
a plain network (He et al. 2015b, arXiv 1502.01852), sqrt 2 where an identity is added to
W ReLU(x), whose variance is then doubled by every block.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.settings import in_range
from resnet_viz.records import Finding, Panel
from resnet_viz.records.theory import THEORY_BATCH_NORM
from resnet_viz.spec import Kind


@dataclass(frozen=True)
class Form:
    """One row: what a layer does to h, and the growth that theory gives; None where it has none."""

    name: str
    kind: Kind
    batch_norm: bool
    inside: bool = False  # the branch is W ReLU(h), else ReLU(W h)
    theory: float | None = None


FORMS = (
    Form("plain_bn", Kind.PLAIN, True, theory=THEORY_BATCH_NORM),
    Form("plain_bare", Kind.PLAIN, False, theory=1.0),
    Form("inside", Kind.RESIDUAL, False, inside=True, theory=math.sqrt(2)),
    Form("outside", Kind.RESIDUAL, False),
    Form("inside_bn", Kind.RESIDUAL, True, inside=True),
)


@dataclass(frozen=True, kw_only=True)
class MlpConfig:
    """Width, images of a batch, layers, and seeds that are averaged."""

    width: int = 512
    batch: int = 512
    layers: int = 60
    seeds: int = 1

    def __post_init__(self) -> None:
        in_range("width", self.width, 2, 2048)
        in_range("batch", self.batch, 2, 2048)
        in_range("layers", self.layers, 4, 200)
        in_range("seeds", self.seeds, 1, 20)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.seeds * self.layers * self.batch * self.width**2


def run(config: MlpConfig) -> Iterator[Finding]:
    """Form by form: the norm of dL/dh at every layer, relative to the last, and its growth."""
    curves, numbers = [], {}
    for place, form in enumerate(FORMS, 1):
        norms = np.array(
            [weight_gradient_norms(form, config, seed) for seed in range(config.seeds)]
        )
        mean = np.exp(np.log(norms).mean(0))
        curves.append(curve(form.name, range(len(mean)), mean / mean[-1], kind=form.kind))
        numbers[form.name] = growth(mean)
        panel = Panel("growth", "layer", "relative_gradient", tuple(curves), log_y=True)
        last = place == len(FORMS)
        progress = place / len(FORMS)
        answer = _answer(numbers) if last else None
        yield Finding("gradient-growth", asdict(config), progress, (panel,), numbers, answer)


def _answer(numbers: dict[str, float]) -> str:
    plain, without = numbers["plain_bn"], numbers["plain_bare"]
    return "explodes" if plain > 1.1 and without < plain else "steady"


def weight_gradient_norms(form: Form, config: MlpConfig, seed: int) -> list[float]:
    """||dL/dh|| of every layer's input and of the output, for L a random linear function."""
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
        found = torch.autograd.grad((hidden * target).sum(), values)
    return [float(torch.linalg.vector_norm(g, dtype=torch.float64)) for g in found]


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
    """Growth a layer towards the input: a straight line through the logarithms."""
    slope = np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]
    return float(np.exp(-slope))
