"""Experiment "paths": the number of paths of each length, and the gradient that they carry.

Veit et al. 2016 (arXiv 1605.06431), sec. 5: the lengths of the 2^n paths through n blocks follow a
binomial distribution, and almost all of the gradient comes from short paths.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import comb

import numpy as np
import torch
from jaxtyping import Bool, Float64
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import Finding, Mark, Panel, Zone

_PUBLISHED_BLOCKS = 54  # ResNet-110 (Veit 2016, sec. 5)
_BAND = 5, 17  # branches on the paths that carry almost all of its gradient (same section)
_BATCH = 50  # images; autograd stores 6 MB per image for ResNet-56
_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class PathsConfig:
    """Settings of the experiment."""

    depth: int = 56
    twins: str = ""  # see ``trained_twins``
    images: int = 100
    source: Images = Images.CIFAR10
    draws: int = 100  # random paths of each length, each for the next image
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)
        in_range("draws", self.draws, 2, 10_000)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.depth**2 * self.draws


def run(config: PathsConfig) -> Iterator[Finding]:
    """Yield a finding after each length: its share of the paths and of the gradient."""
    loaded = trained_twins(config.depth, config.twins).first
    network, data = (
        loaded.network,
        labelled_batch(config.source, config.images, loaded.preprocessing),
    )
    blocks = len(network.spec.blocks())
    generator = np.random.default_rng(config.seed)
    order = torch.arange(config.draws) % len(data)
    drawn = LabelledBatch(data.images[order], data.labels[order])
    norms: list[np.ndarray] = []
    for length in range(blocks + 1):
        through = np.zeros((config.draws, blocks), bool)
        for path in through:
            path[generator.choice(blocks, length, replace=False)] = True
        norms.append(path_gradients(network, drawn, torch.from_numpy(through)))
        yield _finding(config, blocks, norms)


def path_gradients(
    network: ResNet, data: LabelledBatch, through: Bool[Tensor, "batch blocks"]
) -> Float64[np.ndarray, " batch"]:
    """Return ||dL/dx||_2 of each image's input along one path, its own for each image.

    The forward pass is unchanged. In the backward pass, the gradient flows only through the branch
    of each block that ``through`` marks, and only through the shortcut of every other block.
    """
    opened: dict[str, Tensor] = {}
    for block, branch in zip(network.spec.blocks(), through.T, strict=True):
        opened |= {f"{block}.branch": branch, f"{block}.shortcut": ~branch}
    parts = []
    for part in torch.split(torch.arange(len(data)), _BATCH):
        parts.append(_gradients(network, data, part, opened))
    return np.concatenate(parts)


def _gradients(
    network: ResNet, data: LabelledBatch, part: Tensor, opened: Mapping[str, Tensor]
) -> np.ndarray:
    def cut(name: str, value: Tensor) -> Tensor:
        if name not in opened:
            return value
        return torch.where(opened[name][part].view(-1, 1, 1, 1), value, value.detach())

    with torch.inference_mode(False), torch.enable_grad():
        images = data.images[part].detach().clone().requires_grad_()
        loss = cross_entropy(network(images, cut), data.labels[part], reduction="sum")
        (gradient,) = torch.autograd.grad(loss, images, materialize_grads=True)
    norms: np.ndarray = torch.linalg.vector_norm(
        gradient.flatten(1), dim=1, dtype=torch.float64
    ).numpy()
    return norms


def share_of_paths(blocks: int, least: int, most: int) -> float:
    """Return the exact share of the 2^blocks paths with ``least`` to ``most`` branches."""
    return sum(comb(blocks, k) for k in range(least, most + 1)) / 2.0**blocks


def carried_shares(
    blocks: int, means: Float64[np.ndarray, " lengths"]
) -> Float64[np.ndarray, " lengths"]:
    """Return the share of the gradient by path length: number of paths times their mean norm."""
    counts = np.array([comb(blocks, k) for k in range(len(means))], np.float64)
    total = counts * means
    shares: np.ndarray = total / total.sum() if total.sum() else total
    return shares


def _finding(config: PathsConfig, blocks: int, norms: list[np.ndarray]) -> Finding:
    lengths, measured = range(blocks + 1), np.array(norms)
    done = len(norms) == len(lengths)
    paths = [share_of_paths(blocks, k, k) for k in lengths]
    published = [share_of_paths(_PUBLISHED_BLOCKS, k, k) for k in range(_PUBLISHED_BLOCKS + 1)]
    numbers = {
        "band_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, *_BAND),
        "middle_share": 100 * share_of_paths(_PUBLISHED_BLOCKS, 19, 35),
        "blocks": float(blocks),
        "mean_length": blocks / 2,
        "draws": float(config.draws),
    }
    means = measured.mean(1)
    shares, share_ends, mean_ends = carried_shares(blocks, means), None, None
    if done:
        resampled = _resampled_means(measured)
        several = np.array([carried_shares(blocks, one) for one in resampled])
        share_ends, mean_ends = _interval(several), _interval(resampled)
        numbers |= _lengths(blocks, shares, several)
    panels = (
        Panel(
            "shares", "path_length", "share",
            (
                curve("paths", lengths, paths),
                curve("gradient", range(len(norms)), shares, spread=share_ends),
            ),
        ),
        Panel(
            "sizes", "path_length", "input_gradient",
            (curve("residual", range(len(norms)), means, spread=mean_ends),),
            log_y=True,
        ),
        Panel(
            "binomial", "path_length", "share",
            (curve("paths", range(_PUBLISHED_BLOCKS + 1), published),),
            mark=Mark.BARS, zones=(Zone("published_band", *_BAND),),
        ),
    )  # fmt: skip
    return Finding("paths", asdict(config), len(norms) / len(lengths), panels, numbers)


def _resampled_means(norms: np.ndarray) -> Float64[np.ndarray, "resamples lengths"]:
    """Return the mean norms with the draws of each length drawn again (bootstrap)."""
    generator, draws = np.random.default_rng(0), norms.shape[1]
    places = generator.integers(0, draws, (_RESAMPLES, len(norms), draws))
    return np.array([np.take_along_axis(norms, place, axis=1).mean(1) for place in places])


def _interval(several: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of each length."""
    low, high = np.quantile(several, [0.025, 0.975], axis=0)
    return low, high


def _lengths(blocks: int, shares: np.ndarray, several: np.ndarray) -> dict[str, float]:
    """Return the mean and the median length of the gradient's paths, and both against all paths'.

    The last two are shifts as a share of the number of blocks, with their spread.
    """
    numbers: dict[str, float] = {}
    for name, length in (("mean", _mean_length), ("median", _median_length)):
        value, drawn = length(shares), [length(one) for one in several]
        low, high = np.quantile(drawn, [0.025, 0.975])
        ends = zip(("", "_low", "_high"), (value, float(low), float(high)), strict=True)
        for end, found in ends:
            numbers[f"gradient_{name}{end}"] = found
            numbers[f"{name}_shift{end}"] = (found - blocks / 2) / blocks
    return numbers


def _mean_length(shares: np.ndarray) -> float:
    return float((shares * np.arange(len(shares))).sum())


def _median_length(shares: np.ndarray) -> float:
    """Return the length at which half of the gradient is reached, interpolated between lengths."""
    reached = np.concatenate([[0.0], shares.cumsum()])
    return float(np.interp(0.5, reached, np.arange(len(reached)) - 0.5))
