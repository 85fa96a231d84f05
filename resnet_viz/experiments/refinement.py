"""Experiment "refinement": the blocks of a stage refine one estimate step by step.

Greff et al. 2017 (arXiv 1612.07771); Jastrzebski et al. 2018 (arXiv 1710.04773): along a stage,
||F(x)|| / ||x|| decreases, F(x) points against dL/dx, and a classifier on each block's output
becomes more accurate.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.walked_twins import accuracy, trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.records import TWINS, Finding, Panel

_BATCH = 100  # images; autograd stores 6 MB per image for ResNet-56


@dataclass(frozen=True, kw_only=True)
class RefinementConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    source: Images = Images.CIFAR10

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.images * self.depth * (self.depth + 6)


def run(config: RefinementConfig) -> Iterator[Finding]:
    """Yield a finding after each block.

    The branches of the residual network are measured first. Then, block by block, both networks
    are evaluated with all later blocks deleted.
    """
    twins = trained_twins(config.depth, config.twins)
    network = twins.first.network
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    blocks = network.spec.blocks()
    sizes, cosines = branches(network, data)
    numbers_of_blocks = range(1, len(blocks) + 1)
    size_curve = curve("residual", numbers_of_blocks, sizes, blocks)
    cosine_curve = curve("residual", numbers_of_blocks, cosines, blocks)
    branch_panels = (
        Panel("size", "block", "branch_over_shortcut", (size_curve,)),
        Panel("cosine", "block", "cosine", (cosine_curve,)),
    )
    accuracies: dict[str, list[float]] = {"residual": [], "plain": []}
    for number in numbers_of_blocks:
        for role, loaded in TWINS.join(twins):
            later = set(blocks[number:])
            accuracies[role].append(accuracy(loaded.network, data, deleted=later))
        curves = tuple(
            curve(kind, numbers_of_blocks[:number], values, blocks[:number])
            for kind, values in accuracies.items()
        )
        panels = (*branch_panels, Panel("read_off", "block", "accuracy", curves))
        numbers = _numbers(sizes, cosines, accuracies)
        answer = _answer(numbers) if number == len(blocks) else None
        yield Finding("refinement", asdict(config), number / len(blocks), panels, numbers, answer)


def branches(network: ResNet, data: LabelledBatch) -> tuple[list[float], list[float]]:
    """Return ||F(x)|| / ||x|| and the cosine of F(x) and -dL/dx of each block, means over images.

    x is the output of the shortcut, which has the shape of F(x) even if the block changes it.
    """
    parts = [
        _branches(network, LabelledBatch(images, labels))
        for images, labels in zip(
            torch.split(data.images, _BATCH), torch.split(data.labels, _BATCH), strict=True
        )
    ]
    sums = torch.stack(parts).sum(0) / len(data)
    return sums[0].tolist(), sums[1].tolist()


def _branches(network: ResNet, data: LabelledBatch) -> Float64[Tensor, "2 blocks"]:
    """Return the ratios and cosines of ``branches``, summed over a batch."""
    blocks = network.spec.blocks()
    names = [f"{block}.{part}" for block in blocks for part in ("branch", "shortcut", "join")]
    with torch.inference_mode(False), torch.enable_grad():
        captured = capture(network, data.images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, data.labels, reduction="sum")
        joins = [captured.values[f"{block}.join"] for block in blocks]
        gradients = torch.autograd.grad(loss, joins)
    sizes, cosines = [], []
    for block, gradient in zip(blocks, gradients, strict=True):
        branch = captured.values[f"{block}.branch"].detach().flatten(1)
        shortcut = captured.values[f"{block}.shortcut"].detach().flatten(1)
        sizes.append(float((branch.norm(dim=1) / shortcut.norm(dim=1)).sum()))
        cosines.append(float(cosine_similarity(branch, -gradient.flatten(1), dim=1).sum()))
    return torch.tensor([sizes, cosines], dtype=torch.float64)


def _numbers(
    sizes: list[float], cosines: list[float], accuracies: dict[str, list[float]]
) -> dict[str, float]:
    stage = max(1, len(sizes) // 3)  # blocks per stage
    before_last = max(0, len(accuracies["residual"]) - 2)
    return {
        "size": float(np.mean(sizes)),
        "cosine": float(np.mean(cosines)),
        "last_stage_cosine": float(np.mean(cosines[-stage:])),
        "residual_before_last": 100 * accuracies["residual"][before_last],
        "plain_before_last": 100 * accuracies["plain"][before_last],
    }


def _answer(numbers: dict[str, float]) -> str:
    return (
        "towards"
        if numbers["cosine"] > 0.01
        else ("away" if numbers["cosine"] < -0.01 else "across")
    )
