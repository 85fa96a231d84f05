"""Refinement: blocks of one stage improve one estimate, step by step.

Greff et al. 2017 (arXiv 1612.07771); Jastrzebski et al. 2018 (arXiv 1710.04773): ||F|| / ||x||
falls along a stage, F(x) points against dL/dx, and the class can be read off ever better.
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

_BATCH = 100  # images; what autograd keeps of ResNet-56 is 6 MB an image


@dataclass(frozen=True, kw_only=True)
class RefinementConfig:
    """Which twins, on how many images."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    source: Images = Images.CIFAR10

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.images * self.depth * (self.depth + 6)


def run(config: RefinementConfig) -> Iterator[Finding]:
    """The residual network's branches first, then the class read off after every block of both."""
    twins = trained_twins(config.depth, config.twins)
    network = twins.first.network
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    blocks = network.spec.blocks()
    sizes, cosines = branches(network, data)
    places = range(1, len(blocks) + 1)
    panels = (
        Panel("size", "block", "branch_over_shortcut", (curve("residual", places, sizes, blocks),)),
        Panel("cosine", "block", "cosine", (curve("residual", places, cosines, blocks),)),
    )
    read: dict[str, list[float]] = {"residual": [], "plain": []}
    for place in places:
        for role, loaded in TWINS.join(twins):
            later = set(blocks[place:])
            read[role].append(accuracy(loaded.network, data, deleted=later))
        curves = tuple(curve(k, places[:place], v, blocks[:place]) for k, v in read.items())
        drawn = (*panels, Panel("read_off", "block", "accuracy", curves))
        numbers = _numbers(sizes, cosines, read)
        answer = _answer(numbers) if place == len(blocks) else None
        yield Finding("refinement", asdict(config), place / len(blocks), drawn, numbers, answer)


def branches(network: ResNet, data: LabelledBatch) -> tuple[list[float], list[float]]:
    """Of every block: ||F(x)|| / ||x|| and the cosine of F(x) with -dL/dx, means over images.

    x is what the shortcut carries, so that both have one shape also where the block changes it.
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
    """Sums over the images of a batch."""
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
    sizes: list[float], cosines: list[float], read: dict[str, list[float]]
) -> dict[str, float]:
    half = max(1, len(sizes) // 3)  # the last stage
    return {
        "size": float(np.mean(sizes)),
        "cosine": float(np.mean(cosines)),
        "last_stage_cosine": float(np.mean(cosines[-half:])),
        "residual_before_last": 100 * read["residual"][max(0, len(read["residual"]) - 2)],
        "plain_before_last": 100 * read["plain"][max(0, len(read["plain"]) - 2)],
    }


def _answer(numbers: dict[str, float]) -> str:
    return (
        "towards"
        if numbers["cosine"] > 0.01
        else ("away" if numbers["cosine"] < -0.01 else "across")
    )
