"""Experiment "grad-cam-sanity": does Grad-CAM change when the weights are randomised?

Cascading randomisation from the head to the stem (Adebayo et al. 2018, arXiv 1810.03292, sec. 3.1).
A map that does not change with random weights explains the picture, not the network.
"""

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt8
from torch import nn

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.pictures.decode import to_png
from resnet_viz.probe.analyze import grad_cam
from resnet_viz.records import TWINS, Finding, Mark, Matrix, Panel


@dataclass(frozen=True, kw_only=True)
class SanityConfig:
    """Settings of the experiment; maps are those of the last block for each image's label."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 32
    source: Images = Images.CIFAR10
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.images * self.depth**2


def run(config: SanityConfig) -> Iterator[Finding]:
    """Yield a finding after each randomised module; the residual network comes first."""
    twins = trained_twins(config.depth, config.twins)
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    photos = data.pictures(twins.first.preprocessing)
    cascades: dict[str, list[_Step]] = {}
    for role, loaded in TWINS.join(twins):
        steps = cascades[role.value] = []
        count = len(_steps(loaded.network)) + 1
        for step in _randomised(loaded, data, config.seed):
            steps.append(step)
            share = (len(cascades) - 1 + len(steps) / count) / 2
            yield _finding(config, cascades, photos, share)


@dataclass(frozen=True, eq=False)
class _Step:
    """The maps after a module was randomised."""

    name: str  # of the module
    similarities: np.ndarray  # to the original maps, by image
    maps: np.ndarray  # (images, height, width)


def _steps(network: ResNet) -> list[str]:
    """Return the modules in the order of randomisation: head, blocks from the last, stem."""
    return ["fc", *reversed(network.spec.blocks()), "conv1"]


def _randomised(loaded: LoadedNetwork, data: LabelledBatch, seed: int) -> Iterator[_Step]:
    """Randomise module after module; yield the maps after each, the original ones first."""
    network = copy.deepcopy(loaded.network)
    untrained = build(network.spec, seed=seed)
    layer = network.spec.blocks()[-1]
    targets = data.labels
    original_maps = grad_cam(network, data.images, layer, target=targets)
    yield _Step("trained", similarities(original_maps, original_maps), original_maps)
    for name in _steps(network):
        weights = _weights(network.get_submodule(name))
        random_weights = _weights(untrained.get_submodule(name))
        with torch.no_grad():
            for weight, random_weight in zip(weights, random_weights, strict=True):
                weight.copy_(random_weight)
        maps = grad_cam(network, data.images, layer, target=targets)
        yield _Step(name, similarities(original_maps, maps), maps)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and of the head; biases and batch norm are kept."""
    return [p for p in module.parameters() if p.ndim > 1]


def similarities(
    maps: Float[np.ndarray, "batch h w"], others: Float[np.ndarray, "batch h w"]
) -> Float64[np.ndarray, " batch"]:
    """Return Spearman's rank correlation of two maps of each image; 0 if one of them is constant.

    A constant map, often all zero, tells nothing about the other.
    """
    return np.array([
        float(np.corrcoef(_ranks(a), _ranks(b))[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0
        for a, b in zip(maps, others, strict=True)
    ])  # fmt: skip


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks counted from 0; equal values get the mean of their ranks."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: np.ndarray = (ends - (counts + 1) / 2)[group.reshape(-1)]
    return ranks


def _finding(
    config: SanityConfig,
    cascades: dict[str, list[_Step]],
    photos: UInt8[np.ndarray, "batch height width 3"],
    share: float,
) -> Finding:
    numbers: dict[str, float] = {}
    curves = []
    for kind, steps in cascades.items():
        by_step = np.array([step.similarities for step in steps])
        half = 1.96 * by_step.std(1) / by_step.shape[1] ** 0.5
        mean = by_step.mean(1)
        names = [step.name for step in steps]
        curves.append(curve(kind, range(len(mean)), mean, names, spread=(mean - half, mean + half)))
        numbers |= around_mean(f"{kind}_random", by_step[-1].tolist())
        numbers |= around_mean(f"{kind}_head", by_step[min(1, len(steps) - 1)].tolist())
    panels = [Panel("similarity", "randomised", "rank_correlation", tuple(curves))]
    image = _image(cascades)
    photo = to_png(photos[image])
    panels += [
        Panel(f"maps_{kind}", "column", "row", mark=Mark.MAPS, maps=tuple(_drawn(steps, image)),
              photo=photo)
        for kind, steps in cascades.items()
    ]  # fmt: skip
    return Finding("grad-cam-sanity", asdict(config), share, tuple(panels), numbers)


def _image(cascades: dict[str, list[_Step]]) -> int:
    """Return the first image whose trained maps are not constant, or as few of them as possible."""
    varied = [np.ptp(steps[0].maps, axis=(1, 2)) > 0 for steps in cascades.values()]
    return int(np.argmax(np.sum(varied, axis=0)))


def _drawn(steps: list[_Step], image: int) -> Iterator[Matrix]:
    """Yield some maps of one image as ranks, 0 to 1, which is what the correlation compares."""
    last = len(steps) - 1
    for place in sorted({0, min(1, last), min(2, last), last // 2, last}):
        found = steps[place].maps[image]
        ranks = _ranks(found).reshape(found.shape) / max(found.size - 1, 1)
        rows, columns = (tuple(map(str, range(size))) for size in found.shape)
        yield matrix(steps[place].name, rows, columns, ranks)
