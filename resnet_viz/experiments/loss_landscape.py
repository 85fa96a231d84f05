"""The loss around trained weights, along random directions that are scaled filter by filter.

Li et al. 2018 (arXiv 1712.09913), sec. 4. Twins with option-A shortcuts have equal weights by
shape, so that the same random directions serve both.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.core.errors import OptionError
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import TWINS, Curve, Finding, Mark, Matrix, Panel

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class LandscapeConfig:
    """``points`` from -``reach`` to ``reach``, an odd number; a surface with ``dimensions`` 2."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 50
    source: Images = Images.CIFAR10
    dimensions: int = 1
    points: int = 15
    reach: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 10_000)
        in_range("dimensions", self.dimensions, 1, 2)
        in_range("points", self.points, 3, 101)
        in_range("reach", self.reach, 0.001, 10)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return float(self.images * self.depth * self.points**self.dimensions)

    @property
    def grid(self) -> list[float]:
        """Distances along a direction; the middle one is exactly 0."""
        half = self.points // 2
        return [self.reach * k / half for k in range(-half, half + 1)]


def run(config: LandscapeConfig, earlier: Finding | None = None) -> Iterator[Finding]:
    """Line by line, residual network first; equal random directions for both.

    Lines of a surface that an ``earlier`` finding of the same settings has are not computed again.
    """
    twins = trained_twins(config.depth, config.twins)
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    shapes = twins.map(lambda one: [p.shape for p in one.network.parameters() if p.ndim > 1])
    if shapes.first != shapes.second:
        raise OptionError("twins_not_alike", twins=config.twins[:80])
    second = config.grid if config.dimensions == 2 else [0.0]
    known = {} if earlier is None else _lines(earlier)
    lines: dict[str, list[list[float]]] = {}
    for role, loaded in TWINS.join(twins):
        kind = role.value
        moved = copy.deepcopy(loaded.network)
        ways = [directions(moved, 2 * config.seed + number) for number in range(2)]
        lines[kind] = known.get(kind, [])
        for height in second[len(lines[kind]) :]:
            line = [loss_at(loaded.network, moved, ways, (a, height), data) for a in config.grid]
            lines[kind].append(line)
            done = sum(map(len, lines.values())) / (2 * len(second))
            yield _finding(config, lines, done)


def _lines(found: Finding) -> dict[str, list[list[float]]]:
    """The lines of a surface as far as it was computed."""
    return {p.name: p.matrix.values.tolist() for p in found.panels if p.matrix is not None}


def directions(network: ResNet, seed: int) -> Weights:
    """Normal directions, each filter scaled to the norm of the trained one; biases and BN zero."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, weight in network.named_parameters():
        if weight.ndim < 2:
            continue
        way = torch.randn(weight.shape, generator=generator)
        rows = way.flatten(1).norm(dim=1)
        own = weight.detach().flatten(1).norm(dim=1)
        found[name] = way * (own / rows).view(-1, *[1] * (weight.ndim - 1))
    return found


def loss_at(
    trained: ResNet,
    moved: ResNet,
    ways: list[Weights],
    place: tuple[float, float],
    data: LabelledBatch,
) -> float:
    """Mean cross-entropy with the weights W + a d1 + b d2, written into ``moved``."""
    with torch.no_grad():
        centre = dict(trained.named_parameters())
        for name, weight in moved.named_parameters():
            value = centre[name].clone()
            for step, way in zip(place, ways, strict=True):
                if step and name in way:
                    value += step * way[name]
            weight.copy_(value)
        return float(cross_entropy(moved(data.images), data.labels))


def _finding(
    config: LandscapeConfig, lines: dict[str, list[list[float]]], progress: float
) -> Finding:
    grid = config.grid
    middle = len(grid) // 2
    if config.dimensions == 2:
        panels = tuple(
            Panel(kind, "direction", "direction_2", matrix=_surface(kind, grid, found),
                  mark=Mark.SURFACE, log_y=True)
            for kind, found in lines.items()
        )  # fmt: skip
    else:
        panels = (Panel("line", "direction", "loss", tuple(_line(grid, lines)), log_y=True),)
    numbers = {}
    for kind, found in lines.items():
        if config.dimensions == 2 and len(found) <= middle:
            continue
        row = found[middle] if config.dimensions == 2 else found[0]
        numbers[f"{kind}_centre"] = row[middle]
        numbers[f"{kind}_edge"] = float(np.mean([row[0], row[-1]]))
    answer = None
    if progress == 1:
        rise = {k: numbers[f"{k}_edge"] - numbers[f"{k}_centre"] for k in lines}
        answer = "plain" if rise["plain"] > rise["residual"] else "residual"
    return Finding("loss-landscape", asdict(config), progress, panels, numbers, answer)


def _line(grid: list[float], lines: dict[str, list[list[float]]]) -> Iterator[Curve]:
    for kind, found in lines.items():
        yield curve(kind, grid, found[0])


def _surface(kind: str, grid: list[float], found: list[list[float]]) -> Matrix:
    names = [f"{value:.3g}" for value in grid]
    return matrix(kind, names[: len(found)], names, np.array(found))
