"""Experiment "grad-cam-sanity": does Grad-CAM change when the weights are randomised?

Cascading randomisation from the head to the stem (Adebayo et al. 2018, arXiv 1810.03292, sec. 3.1).
A map that does not change with random weights explains the picture, not the network.
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
    similarities: dict[str, list[float]] = {}
    names: dict[str, list[str]] = {}
    for role, loaded in TWINS.join(twins):
        kind = role.value
        similarities[kind], names[kind] = [], []
        steps = _steps(loaded.network)
        for done, (name, value) in enumerate(_randomised(loaded, data, config.seed), 1):
            similarities[kind].append(value)
            names[kind].append(name)
            share = (list(similarities).index(kind) + done / (len(steps) + 1)) / 2
            yield _finding(config, similarities, names, share)


def _steps(network: ResNet) -> list[str]:
    """Return the modules in the order of randomisation: head, blocks from the last, stem."""
    return ["fc", *reversed(network.spec.blocks()), "conv1"]


def _randomised(
    loaded: LoadedNetwork, data: LabelledBatch, seed: int
) -> Iterator[tuple[str, float]]:
    """Randomise module after module; yield its name and the similarity to the original maps."""
    network = copy.deepcopy(loaded.network)
    untrained = build(network.spec, seed=seed)
    layer = network.spec.blocks()[-1]
    targets = data.labels
    original_maps = grad_cam(network, data.images, layer, target=targets)
    yield "trained", similarity(original_maps, original_maps)
    for name in _steps(network):
        weights = _weights(network.get_submodule(name))
        random_weights = _weights(untrained.get_submodule(name))
        with torch.no_grad():
            for weight, random_weight in zip(weights, random_weights, strict=True):
                weight.copy_(random_weight)
        maps = grad_cam(network, data.images, layer, target=targets)
        yield name, similarity(original_maps, maps)


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and of the head; biases and batch norm are kept."""
    return [p for p in module.parameters() if p.ndim > 1]


def similarity(one: Float[np.ndarray, "batch h w"], other: Float[np.ndarray, "batch h w"]) -> float:
    """Return the mean over images of Spearman's rank correlation of two maps.

    Images with a constant map are ignored; 0 if none is left.
    """
    values = [
        float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])
        for a, b in zip(one, other, strict=True)
        if np.ptp(a) > 0 and np.ptp(b) > 0
    ]
    return float(np.mean(values)) if values else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks counted from 0; equal values get the mean of their ranks."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: np.ndarray = (ends - (counts + 1) / 2)[group.reshape(-1)]
    return ranks


def _finding(
    config: SanityConfig,
    similarities: dict[str, list[float]],
    names: dict[str, list[str]],
    share: float,
) -> Finding:
    curves = tuple(curve(k, range(len(v)), v, names[k]) for k, v in similarities.items())
    panel = Panel("similarity", "randomised", "rank_correlation", curves)
    numbers = {f"{kind}_random": values[-1] for kind, values in similarities.items()}
    numbers |= {
        f"{kind}_head": values[min(1, len(values) - 1)] for kind, values in similarities.items()
    }
    answer = None
    if share == 1:
        answer = "changes" if numbers["residual_random"] < 0.5 else "stays"
    return Finding("grad-cam-sanity", asdict(config), share, (panel,), numbers, answer)
