"""Experiment "layer-responses": the standard deviation of each convolution's response.

He et al. 2015 (arXiv 1512.03385), fig. 7: after batch normalisation and before ReLU or addition,
the responses are weaker in residual networks.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import resampled
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.probe.capture import capture
from resnet_viz.records import TWINS, Finding, Panel
from resnet_viz.spec.parts import PartKind
from resnet_viz.spec.plan import plan


@dataclass(frozen=True, kw_only=True)
class ResponsesConfig:
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
        return self.images * self.depth


def run(config: ResponsesConfig) -> Iterator[Finding]:
    """Yield a finding after each network; the residual network comes first."""
    by_kind = {}
    for role, loaded in TWINS.join(trained_twins(config.depth, config.twins)):
        by_kind[role.value] = responses(loaded, config)
        numbers = _numbers({kind: list(v.values()) for kind, v in by_kind.items()})
        ordered = tuple(
            curve(k, range(1, len(v) + 1), v.values(), tuple(v)) for k, v in by_kind.items()
        )
        ranked = tuple(
            curve(k, range(1, len(v) + 1), sorted(v.values(), reverse=True))
            for k, v in by_kind.items()
        )
        panels = (
            Panel("ordered", "layer", "response", ordered),
            Panel("ranked", "rank", "response", ranked),
        )
        progress = len(by_kind) / 2
        yield Finding("layer-responses", asdict(config), progress, panels, numbers)


def _numbers(by_kind: dict[str, list[float]]) -> dict[str, float]:
    """Return mean and median of both networks, and by which share the residual one is smaller.

    Twins have the same layers, so the spread is that of a resampling of pairs of layers.
    """
    numbers = {f"{kind}_mean": float(np.mean(values)) for kind, values in by_kind.items()}
    numbers |= {f"{kind}_median": float(np.median(values)) for kind, values in by_kind.items()}
    if len(by_kind) < 2:
        return numbers
    residual, plain = by_kind["residual"], by_kind["plain"]
    smaller = sum(r < p for r, p in zip(residual, plain, strict=True))
    return {
        **numbers,
        "smaller": float(smaller),
        "layers": float(len(plain)),
        **resampled("mean_change", lambda v: float(1 - v[0].mean() / v[1].mean()), residual, plain),
        **resampled(
            "median_change", lambda v: float(1 - np.median(v[0]) / np.median(v[1])), residual, plain
        ),
    }


def responses(loaded: LoadedNetwork, config: ResponsesConfig) -> dict[str, float]:
    """Return the standard deviation of each normalisation's output, by layer name.

    Taken over images, channels and positions.
    """
    network = loaded.network
    data = labelled_batch(config.source, config.images, loaded.preprocessing)
    layout = plan(network.spec)
    names = [part.name for part in layout.stem if part.kind is PartKind.NORM]
    names += [
        f"{block.name}.{part.name}"
        for block in layout.blocks
        for part in block.branch
        if part.kind is PartKind.NORM
    ]
    with torch.no_grad():
        values = capture(network, data.images, names).values
        return {name: float(value.std(correction=0)) for name, value in values.items()}
