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
from resnet_viz.experiments.measures.spread import resampled
from resnet_viz.experiments.measures.walked_twins import accuracy, trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.probe.capture import capture
from resnet_viz.records import TWINS, Finding, Panel, Zone
from resnet_viz.spec.plan import plan

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
    measured = branches(network, data)
    cosines = measured.cosines.mean(1)
    half = 1.96 * measured.cosines.std(1) / len(data) ** 0.5
    numbers_of_blocks = range(1, len(blocks) + 1)
    sizes = measured.sizes.mean(1)
    size_curve = curve("residual", numbers_of_blocks, sizes, blocks)
    cosine_curve = curve(
        "residual", numbers_of_blocks, cosines, blocks, spread=(cosines - half, cosines + half)
    )
    zones = tuple(_chance(network, measured.chances))
    branch_panels = (
        Panel("cosine", "block", "cosine", (cosine_curve,), zones=zones),
        Panel("size", "block", "branch_over_shortcut", (size_curve,)),
    )
    numbers = {"size": float(sizes.mean()), **_by_stage(network, cosines, measured.chances)}
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
        numbers = {**numbers, **_read_off(accuracies)}
        yield Finding("refinement", asdict(config), number / len(blocks), panels, numbers)


@dataclass(frozen=True, eq=False)
class Branches:
    """The branch of each block for each image.

    x is the output of the shortcut, which has the shape of F(x) even if the block changes it.
    """

    sizes: Float64[np.ndarray, "blocks images"]  # ||F(x)|| / ||x||
    cosines: Float64[np.ndarray, "blocks images"]  # of F(x) and -dL/dx
    chances: Float64[np.ndarray, " blocks"]  # root mean square cosine of two random directions


def branches(network: ResNet, data: LabelledBatch) -> Branches:
    """Measure the branches of a network; see ``Branches``."""
    parts = [
        _branches(network, LabelledBatch(images, labels))
        for images, labels in zip(
            torch.split(data.images, _BATCH), torch.split(data.labels, _BATCH), strict=True
        )
    ]
    return Branches(
        np.concatenate([part.sizes for part in parts], axis=1),
        np.concatenate([part.cosines for part in parts], axis=1),
        parts[0].chances,
    )


def _branches(network: ResNet, data: LabelledBatch) -> Branches:
    blocks = network.spec.blocks()
    names = [f"{block}.{part}" for block in blocks for part in ("branch", "shortcut", "join")]
    with torch.inference_mode(False), torch.enable_grad():
        captured = capture(network, data.images.detach().clone().requires_grad_(), names)
        assert isinstance(captured.output, Tensor)
        loss = cross_entropy(captured.output, data.labels, reduction="sum")
        joins = [captured.values[f"{block}.join"] for block in blocks]
        gradients = torch.autograd.grad(loss, joins)
    sizes, cosines, chances = [], [], []
    for block, gradient in zip(blocks, gradients, strict=True):
        branch = captured.values[f"{block}.branch"].detach().flatten(1)
        shortcut = captured.values[f"{block}.shortcut"].detach().flatten(1)
        sizes.append((branch.norm(dim=1) / shortcut.norm(dim=1)).double().numpy())
        cosine = cosine_similarity(branch, -gradient.flatten(1), dim=1)
        cosines.append(cosine.double().numpy())
        chances.append(branch.shape[1] ** -0.5)
    return Branches(np.array(sizes), np.array(cosines), np.array(chances))


def _stages(network: ResNet) -> dict[int, list[int]]:
    """Return the places of the blocks of each stage; stages are counted from 1."""
    places: dict[int, list[int]] = {}
    for place, block in enumerate(plan(network.spec).blocks):
        places.setdefault(block.stage, []).append(place)
    return places


def _chance(network: ResNet, chances: np.ndarray) -> Iterator[Zone]:
    """Yield the band of a random direction, one zone per stage."""
    for places in _stages(network).values():
        width = float(chances[places[0]])
        yield Zone("chance", -width, width, axis="y", start=places[0] + 0.5, end=places[-1] + 1.5)


def _by_stage(network: ResNet, cosines: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    """Return mean and median cosine of each stage, and both as multiples of chance.

    The spread of the multiples is that of a resampling of the stage's blocks.
    """
    numbers: dict[str, float] = {}
    for stage, places in _stages(network).items():
        chance = float(chances[places[0]])
        multiples = (cosines[places] / chance).tolist()
        numbers |= {
            f"stage{stage}_cosine": float(np.mean(cosines[places])),
            f"stage{stage}_middle": float(np.median(cosines[places])),
            f"stage{stage}_chance": chance,
            **resampled(f"stage{stage}_mean", lambda values: float(values.mean()), multiples),
            **resampled(f"stage{stage}_median", lambda v: float(np.median(v)), multiples),
        }
    return numbers


def _read_off(accuracies: dict[str, list[float]]) -> dict[str, float]:
    before_last = max(0, len(accuracies["residual"]) - 2)
    return {f"{kind}_before_last": 100 * values[before_last] for kind, values in accuracies.items()}
