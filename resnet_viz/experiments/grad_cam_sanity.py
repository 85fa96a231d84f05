"""Does Grad-CAM depend on what was learned? Weights made random, layer by layer, from the top.

Adebayo et al. 2018 (arXiv 1810.03292), sec. 3.1 (cascading randomisation): a map that stays the
same when the weights are random explains the picture and not the network.
"""

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.probe.analyze import grad_cam
from resnet_viz.records import TWINS, Finding, Panel


@dataclass(frozen=True, kw_only=True)
class SanityConfig:
    """The map at ``layer`` (block of the last stage by default) for each image's own class."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 32
    source: Images = Images.CIFAR10
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 1000)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.images * self.depth**2


def run(config: SanityConfig) -> Iterator[Finding]:
    """Residual network first; layer by layer from the head to the stem."""
    twins = trained_twins(config.depth, config.twins)
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    found: dict[str, list[float]] = {}
    names: dict[str, list[str]] = {}
    for role, loaded in TWINS.join(twins):
        kind = role.value
        found[kind], names[kind] = [], []
        steps = _steps(loaded.network)
        for done, (name, similar) in enumerate(_randomised(loaded, data, config.seed), 1):
            found[kind].append(similar)
            names[kind].append(name)
            share = (list(found).index(kind) + done / (len(steps) + 1)) / 2
            yield _finding(config, found, names, share)


def _steps(network: ResNet) -> list[str]:
    """What is made random at once: the head, then each block, then the stem; top first."""
    return ["fc", *reversed(network.spec.blocks()), "conv1"]


def _randomised(
    loaded: LoadedNetwork, data: LabelledBatch, seed: int
) -> Iterator[tuple[str, float]]:
    network = copy.deepcopy(loaded.network)
    fresh = build(network.spec, seed=seed)
    layer = network.spec.blocks()[-1]
    targets = data.labels
    trained = grad_cam(network, data.images, layer, target=targets)
    yield "trained", similarity(trained, trained)
    for name in _steps(network):
        own, new = network.get_submodule(name), fresh.get_submodule(name)
        with torch.no_grad():
            for mine, random in zip(_weights(own), _weights(new), strict=True):
                mine.copy_(random)
        maps = grad_cam(network, data.images, layer, target=targets)
        yield name, similarity(trained, maps)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """Weights of convolutions and of the head; statistics and scales stay."""
    return [p for p in module.parameters() if p.ndim > 1]


def similarity(one: Float[np.ndarray, "batch h w"], other: Float[np.ndarray, "batch h w"]) -> float:
    """Spearman's rank correlation of the maps of an image; the mean, without flat maps."""
    values = [
        float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])
        for a, b in zip(one, other, strict=True)
        if np.ptp(a) > 0 and np.ptp(b) > 0
    ]
    return float(np.mean(values)) if values else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: np.ndarray = (ends - (counts + 1) / 2)[place.reshape(-1)]
    return mean


def _finding(
    config: SanityConfig, found: dict[str, list[float]], names: dict[str, list[str]], share: float
) -> Finding:
    curves = tuple(curve(k, range(len(v)), v, names[k]) for k, v in found.items())
    panel = Panel("similarity", "randomised", "rank_correlation", curves)
    numbers = {f"{kind}_random": values[-1] for kind, values in found.items()}
    numbers |= {f"{kind}_head": values[min(1, len(values) - 1)] for kind, values in found.items()}
    answer = None
    if share == 1:
        answer = "changes" if numbers["residual_random"] < 0.5 else "stays"
    return Finding("grad-cam-sanity", asdict(config), share, (panel,), numbers, answer)
