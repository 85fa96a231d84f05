"""Experiment "paths": the number of paths of each length, and the gradient that they carry.

Veit et al. 2016 (arXiv 1605.06431), sec. 5: the lengths of the 2^n paths through n blocks follow a
binomial distribution, and almost all of the gradient comes from short paths.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from math import comb

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Finding, Mark, Panel

_PUBLISHED_BLOCKS = 54  # ResNet-110 (Veit 2016, sec. 5)


@dataclass(frozen=True, kw_only=True)
class PathsConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 50  # in one backward pass
    source: Images = Images.CIFAR10
    draws: int = 5  # random paths of each length
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)
        in_range("draws", self.draws, 1, 100)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.images * self.depth**2 * self.draws


def run(config: PathsConfig) -> Iterator[Finding]:
    """Yield a finding after each length: its share of the paths and of the gradient."""
    loaded = trained_twins(config.depth, config.twins).first
    network, data = (
        loaded.network,
        labelled_batch(config.source, config.images, loaded.preprocessing),
    )
    blocks = network.spec.blocks()
    generator = np.random.default_rng(config.seed)
    mean_norms = []
    for length in range(len(blocks) + 1):
        norms = [
            path_gradient(network, data, set(generator.choice(blocks, length, replace=False)))
            for _ in range(1 if length in (0, len(blocks)) else config.draws)
        ]
        mean_norms.append(float(np.mean(norms)))
        yield _finding(config, len(blocks), mean_norms)


def path_gradient(network: ResNet, data: LabelledBatch, through: Collection[str]) -> float:
    """Return ||dL/dx||_2 of the input along one path, mean over images.

    The forward pass is unchanged. In the backward pass, the gradient flows only through the branch
    of each block in ``through``, and only through the shortcut of every other block.
    """
    detached = {
        f"{block}.shortcut" if block in through else f"{block}.branch"
        for block in network.spec.blocks()
    }

    def cut(name: str, value: Tensor) -> Tensor:
        return value.detach() if name in detached else value

    with torch.inference_mode(False), torch.enable_grad():
        images = data.images.detach().clone().requires_grad_()
        loss = cross_entropy(network(images, cut), data.labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, images, materialize_grads=True)
    norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1, dtype=torch.float64)
    return float(norms.mean())


def share_of_paths(blocks: int, least: int, most: int) -> float:
    """Return the exact share of the 2^blocks paths with ``least`` to ``most`` branches."""
    return sum(comb(blocks, k) for k in range(least, most + 1)) / 2.0**blocks


def _finding(config: PathsConfig, blocks: int, mean_norms: list[float]) -> Finding:
    lengths = range(blocks + 1)
    paths = [share_of_paths(blocks, k, k) for k in lengths]
    total = np.array([comb(blocks, k) * norm for k, norm in enumerate(mean_norms)], np.float64)
    carried = total / total.sum() if total.sum() else total
    done = len(mean_norms) == len(lengths)
    numbers = {
        "band_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, 5, 17),
        "middle_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, 19, 35),
        "blocks": float(blocks),
        "mean_length": blocks / 2,
        "gradient_length": float((carried * np.arange(len(mean_norms))).sum()),
    }
    panels = (
        Panel(
            "shares",
            "path_length",
            "share",
            (
                curve("paths", lengths, paths),
                curve("gradient", range(len(mean_norms)), carried),
            ),
        ),
        Panel(
            "sizes",
            "path_length",
            "input_gradient",
            (curve("residual", range(len(mean_norms)), mean_norms),),
            log_y=True,
        ),
        Panel(
            "binomial",
            "path_length",
            "share",
            (curve("paths", range(_PUBLISHED_BLOCKS + 1),
                   [share_of_paths(_PUBLISHED_BLOCKS, k, k) for k in range(_PUBLISHED_BLOCKS + 1)]),
             ),
            mark=Mark.BARS,
        ),
    )  # fmt: skip
    short = numbers["gradient_length"] < numbers["mean_length"] - 0.25
    answer = ("short" if short else "middle") if done else None
    progress = len(mean_norms) / len(lengths)
    return Finding("paths", asdict(config), progress, panels, numbers, answer)
