"""Batch-normalisation consistency: do the running statistics belong to this network and input?

For a layer with running mean mu and variance v, and those of a batch of natural images, mu' and
v': score = median over channels of |mu' - mu| / sqrt(v), plus the median of |ln(v' / v)|. Around
0.3 for the right network and input, far more for another; docs/reference/checks.md has the
measurements.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.running_statistics import set_statistics
from resnet_viz.networks.resnet.model import ResNet

_TINY = 1e-12


@dataclass(frozen=True)
class Consistency:
    """Scores by normalisation layer, in order of execution; {} where none keeps statistics."""

    scores: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Over all layers."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else float("nan")

    @property
    def median(self) -> float:
        """Over all layers: one sick layer does not move it."""
        ordered = sorted(self.scores.values())
        return ordered[len(ordered) // 2] if ordered else float("nan")


def consistency(network: ResNet, batch: Float[Tensor, "batch channel height width"]) -> Consistency:
    """The scores of a network on a batch of natural images; the network stays as it is.

    The batch flows through in training mode, so every layer is handed normalised values and a sick
    layer is seen where it is, not in all layers behind it.
    """
    measured = copy.deepcopy(network)
    set_statistics(measured, batch)
    ours = dict(measured.named_modules())
    scores = {}
    for name, norm in network.named_modules():
        new = ours[name]
        if isinstance(norm, nn.BatchNorm2d) and isinstance(new, nn.BatchNorm2d):
            mean, variance = torch.as_tensor(new.running_mean), torch.as_tensor(new.running_var)
            scores[name] = _score(norm, mean, variance)
    return Consistency(scores)


def flow_score(network: ResNet, batch: Float[Tensor, "batch channel height width"]) -> float:
    """The mean score in evaluation mode: how far what really flows is from what was kept.

    Here an error of the input adds up from layer to layer, so inputs that differ little still
    differ in it.
    """
    norms = {n: m for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    scores: list[float] = []
    before = [batch]

    def see(name: str, value: Tensor) -> Tensor:
        if name in norms:
            scores.append(layer_score(norms[name], before[0]))
        before[0] = value
        return value

    with torch.no_grad():
        network(batch, see)
    return sum(scores) / len(scores) if scores else float("nan")


def layer_score(norm: nn.BatchNorm2d, values: Float[Tensor, "batch channel height width"]) -> float:
    """One layer's score, from what flows into it."""
    return _score(norm, values.mean((0, 2, 3)), values.var((0, 2, 3)))


def _score(
    norm: nn.BatchNorm2d,
    new_mean: Float[Tensor, " channel"],
    new_variance: Float[Tensor, " channel"],
) -> float:
    mean, variance = (torch.as_tensor(v).double() for v in (norm.running_mean, norm.running_var))
    variance = variance.clamp_min(_TINY)
    shift = ((new_mean - mean).abs() / variance.sqrt()).median()
    spread = (new_variance.double().clamp_min(_TINY) / variance).log().abs().median()
    return float(shift + spread)
