"""Experiment "cka": similarity of the representations of layers, within and between twins.

Centred kernel alignment (Kornblith et al. 2019, arXiv 1905.00414) with the unbiased estimator
HSIC_1 of Song et al. 2012, averaged over minibatches as in Nguyen et al. 2021 (arXiv 2010.15327),
sec. 2.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from resnet_viz.experiments.measures.batches import Images, labelled_batch
from resnet_viz.experiments.measures.curves import matrix
from resnet_viz.experiments.measures.spread import resampled
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.records import TWINS, Finding, Mark, Panel


@dataclass(frozen=True, kw_only=True)
class CkaConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    batch: int = 100  # images per minibatch; HSIC_1 needs at least 4
    source: Images = Images.CIFAR10

    def __post_init__(self) -> None:
        in_range("images", self.images, 4, 10_000)
        in_range("batch", self.batch, 4, 1000)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.images * self.depth


def run(config: CkaConfig) -> Iterator[Finding]:
    """Yield a finding after each minibatch: CKA within both twins and between them."""
    twins = trained_twins(config.depth, config.twins)
    blocks = twins.first.network.spec.blocks()
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    minibatches = [part for part in torch.split(data.images, config.batch) if len(part) >= 4]
    sums = {name: torch.zeros(3, len(blocks), len(blocks)).double() for name in _COMPARED}
    for number, images in enumerate(minibatches, 1):
        kernels = {role.value: grams(loaded.network, images) for role, loaded in TWINS.join(twins)}
        for name, (left, right) in _COMPARED.items():
            sums[name] += hsic_terms(kernels[left], kernels[right])
        values = {name: alignment(terms) for name, terms in sums.items()}
        panels = tuple(
            Panel(
                name, _COMPARED[name][1], _COMPARED[name][0],
                matrix=matrix(name, blocks, blocks, value), mark=Mark.HEAT,
            )
            for name, value in values.items()
        )  # fmt: skip
        progress = number / len(minibatches)
        yield Finding("cka", asdict(config), progress, panels, _numbers(values))


_COMPARED = {
    "within_residual": ("residual", "residual"),
    "within_plain": ("plain", "plain"),
    "between": ("residual", "plain"),
}


def grams(network: ResNet, images: Tensor) -> Float64[Tensor, "layers n n"]:
    """Return the linear kernel X X^T of each block's output, with the diagonal set to zero.

    X holds one flattened activation per row. Computed in double precision.
    """
    blocks = network.spec.blocks()
    with torch.no_grad():
        values = capture(network, images, blocks).values
        flat = [values[block].flatten(1).double() for block in blocks]
        kernels = torch.stack([x @ x.T for x in flat])
    kernels.diagonal(dim1=1, dim2=2).zero_()
    return kernels


def hsic_terms(
    left: Float64[Tensor, "layers n n"], right: Float64[Tensor, "others n n"]
) -> Float64[Tensor, "3 layers others"]:
    """Return the three terms of the alignment: HSIC_1(K, L), HSIC_1(K, K) and HSIC_1(L, L).

    K runs over the kernels in ``left`` (rows), L over those in ``right`` (columns). The terms are
    returned separately because they are averaged over minibatches before they are combined.
    """
    cross = _hsic(left, right)
    left_self = _hsic(left, left).diagonal()[:, None].expand_as(cross)
    right_self = _hsic(right, right).diagonal()[None, :].expand_as(cross)
    return torch.stack([cross, left_self, right_self])


def _hsic(left: Tensor, right: Tensor) -> Tensor:
    """Return HSIC_1 of each pair of kernels with zero diagonals (Song et al. 2012, eq. 5)."""
    n = left.shape[-1]
    trace = torch.einsum("aij,bji->ab", left, right)
    rows = torch.einsum("ai,bi->ab", left.sum(2), right.sum(2))
    totals = left.sum((1, 2))[:, None] * right.sum((1, 2))[None, :]
    value: Tensor = trace + totals / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)
    return value / (n * (n - 3))


def alignment(terms: Float64[Tensor, "3 layers others"]) -> Float64[Tensor, "layers others"]:
    """Return the CKA, HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), from summed ``hsic_terms``."""
    return terms[0] / (terms[1] * terms[2]).sqrt()


def _numbers(values: dict[str, Tensor]) -> dict[str, float]:
    residual, plain = (
        values[name].diagonal(1).tolist() for name in ("within_residual", "within_plain")
    )
    return {
        "residual_neighbours": float(np.mean(residual)),
        "plain_neighbours": float(np.mean(plain)),
        "residual_median": float(np.median(residual)),
        "plain_median": float(np.median(plain)),
        **resampled("mean_gap", lambda v: float(v[0].mean() - v[1].mean()), residual, plain),
        **resampled(
            "median_gap", lambda v: float(np.median(v[0]) - np.median(v[1])), residual, plain
        ),
        "between_same": float(values["between"].diagonal().mean()),
        "diagonal": _furthest_from_one(values["within_residual"].diagonal()),
    }


def _furthest_from_one(values: Tensor) -> float:
    return float(values[(values - 1).abs().argmax()])
