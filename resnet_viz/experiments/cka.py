"""Centred kernel alignment: which layers hold the same representation, within and between twins.

Kornblith et al. 2019 (arXiv 1905.00414); the debiased form of Song et al. 2012 (HSIC_1), averaged
over minibatches as in Nguyen et al. 2021 (arXiv 2010.15327), sec. 2.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from resnet_viz.experiments.measures.batches import Images, labelled_batch
from resnet_viz.experiments.measures.curves import matrix
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.records import TWINS, Finding, Mark, Panel


@dataclass(frozen=True, kw_only=True)
class CkaConfig:
    """``images`` in minibatches of ``batch``, at least 4 each."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    batch: int = 100
    source: Images = Images.CIFAR10

    def __post_init__(self) -> None:
        in_range("images", self.images, 4, 10_000)
        in_range("batch", self.batch, 4, 1000)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.images * self.depth


def run(config: CkaConfig) -> Iterator[Finding]:
    """Minibatch by minibatch: residual against itself, plain against itself, and both."""
    twins = trained_twins(config.depth, config.twins)
    blocks = twins.first.network.spec.blocks()
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    parts = [part for part in torch.split(data.images, config.batch) if len(part) >= 4]
    sums = {name: torch.zeros(3, len(blocks), len(blocks)).double() for name in _COMPARED}
    for place, images in enumerate(parts, 1):
        own = {role.value: grams(loaded.network, images) for role, loaded in TWINS.join(twins)}
        for name, (left, right) in _COMPARED.items():
            sums[name] += hsic_terms(own[left], own[right])
        values = {name: alignment(terms) for name, terms in sums.items()}
        panels = tuple(
            Panel(
                name, _COMPARED[name][1], _COMPARED[name][0],
                matrix=matrix(name, blocks, blocks, value), mark=Mark.HEAT,
            )
            for name, value in values.items()
        )  # fmt: skip
        numbers = _numbers(values)
        answer = _answer(numbers) if place == len(parts) else None
        yield Finding("cka", asdict(config), place / len(parts), panels, numbers, answer)


_COMPARED = {
    "within_residual": ("residual", "residual"),
    "within_plain": ("plain", "plain"),
    "between": ("residual", "plain"),
}


def grams(network: ResNet, images: Tensor) -> Float64[Tensor, "layers n n"]:
    """The linear kernel X X^T of every block's output, in double precision, diagonal zero."""
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
    """HSIC_1 of every pair, and of each layer with itself, spread over rows and columns."""
    cross = _hsic(left, right)
    own = _hsic(left, left).diagonal()[:, None].expand_as(cross)
    other = _hsic(right, right).diagonal()[None, :].expand_as(cross)
    return torch.stack([cross, own, other])


def _hsic(left: Tensor, right: Tensor) -> Tensor:
    """Song 2012, eq. 5; the diagonals are zero already."""
    n = left.shape[-1]
    trace = torch.einsum("aij,bji->ab", left, right)
    rows = torch.einsum("ai,bi->ab", left.sum(2), right.sum(2))
    whole = left.sum((1, 2))[:, None] * right.sum((1, 2))[None, :]
    value: Tensor = trace + whole / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)
    return value / (n * (n - 3))


def alignment(terms: Float64[Tensor, "3 layers others"]) -> Float64[Tensor, "layers others"]:
    """HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) of the averaged terms."""
    return terms[0] / (terms[1] * terms[2]).sqrt()


def _numbers(values: dict[str, Tensor]) -> dict[str, float]:
    neighbours = {name: float(v.diagonal(1).mean()) for name, v in values.items()}
    return {
        "residual_neighbours": neighbours["within_residual"],
        "plain_neighbours": neighbours["within_plain"],
        "between_same": float(values["between"].diagonal().mean()),
        "diagonal": _furthest_from_one(values["within_residual"].diagonal()),
    }


def _furthest_from_one(values: Tensor) -> float:
    return float(values[(values - 1).abs().argmax()])


def _answer(numbers: dict[str, float]) -> str:
    gap = numbers["residual_neighbours"] - numbers["plain_neighbours"]
    return "residual" if gap > 0.01 else ("plain" if gap < -0.01 else "both")
