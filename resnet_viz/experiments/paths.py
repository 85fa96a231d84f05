"""Path lengths: how many paths of each length there are, and which of them carry the gradient.

Veit et al. 2016 (arXiv 1605.06431), sec. 5: the lengths of the 2^n paths through n blocks are
binomial; almost all gradient comes from few, short paths.
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
    """``draws``: random paths of each length; ``images`` share one backward pass."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 50
    source: Images = Images.CIFAR10
    draws: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)
        in_range("draws", self.draws, 1, 100)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.images * self.depth**2 * self.draws


def run(config: PathsConfig) -> Iterator[Finding]:
    """Length by length: the share of paths, and the share of the gradient that they carry."""
    loaded = trained_twins(config.depth, config.twins).first
    network, data = (
        loaded.network,
        labelled_batch(config.source, config.images, loaded.preprocessing),
    )
    blocks = network.spec.blocks()
    chance = np.random.default_rng(config.seed)
    sizes = []
    for length in range(len(blocks) + 1):
        norms = [
            path_gradient(network, data, set(chance.choice(blocks, length, replace=False)))
            for _ in range(1 if length in (0, len(blocks)) else config.draws)
        ]
        sizes.append(float(np.mean(norms)))
        yield _finding(config, len(blocks), sizes)


def path_gradient(network: ResNet, data: LabelledBatch, through: Collection[str]) -> float:
    """||dL/dx|| of the input along one path: through the branches of some blocks, past the others.

    The forward pass is whole; on the way back each block passes the gradient through its branch or
    through its shortcut alone. Mean over images.
    """
    stopped = {
        f"{block}.shortcut" if block in through else f"{block}.branch"
        for block in network.spec.blocks()
    }

    def cut(name: str, value: Tensor) -> Tensor:
        return value.detach() if name in stopped else value

    with torch.inference_mode(False), torch.enable_grad():
        images = data.images.detach().clone().requires_grad_()
        loss = cross_entropy(network(images, cut), data.labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, images, materialize_grads=True)
    norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1, dtype=torch.float64)
    return float(norms.mean())


def share_of_paths(blocks: int, least: int, most: int) -> float:
    """The share of the 2^blocks paths that go through ``least`` to ``most`` branches; exact."""
    return sum(comb(blocks, k) for k in range(least, most + 1)) / 2.0**blocks


def _finding(config: PathsConfig, blocks: int, sizes: list[float]) -> Finding:
    lengths = range(blocks + 1)
    paths = [share_of_paths(blocks, k, k) for k in lengths]
    total = np.array([comb(blocks, k) * size for k, size in enumerate(sizes)], np.float64)
    carried = total / total.sum() if total.sum() else total
    whole = len(sizes) == len(lengths)
    numbers = {
        "band_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, 5, 17),
        "middle_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, 19, 35),
        "blocks": float(blocks),
        "mean_length": blocks / 2,
        "gradient_length": float((carried * np.arange(len(sizes))).sum()),
    }
    panels = (
        Panel(
            "shares",
            "path_length",
            "share",
            (
                curve("paths", lengths, paths),
                curve("gradient", range(len(sizes)), carried),
            ),
        ),
        Panel(
            "sizes",
            "path_length",
            "input_gradient",
            (curve("residual", range(len(sizes)), sizes),),
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
    answer = ("short" if short else "middle") if whole else None
    return Finding("paths", asdict(config), len(sizes) / len(lengths), panels, numbers, answer)
