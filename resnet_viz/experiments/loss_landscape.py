"""Experiment "loss-landscape": the loss around trained weights, along random directions.

Directions are normalised per filter (Li et al. 2018, arXiv 1712.09913, sec. 4). Twins with option-A
shortcuts have weights of the same shapes, so both use the same random numbers.
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

#: A direction in weight space: a tensor for each weight, by parameter name.
Direction = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class LandscapeConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 50
    source: Images = Images.CIFAR10
    dimensions: int = 1  # 1: a line, 2: a surface
    points: int = 15  # per dimension; an even number counts as the next odd one
    reach: float = 1.0  # largest distance, relative to the norm of each filter
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 10_000)
        in_range("dimensions", self.dimensions, 1, 2)
        in_range("points", self.points, 3, 101)
        in_range("reach", self.reach, 0.001, 10)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return float(self.images * self.depth * self.points**self.dimensions)

    @property
    def grid(self) -> list[float]:
        """Distances along a direction, from -``reach`` to ``reach``; the middle one is 0."""
        half = self.points // 2
        return [self.reach * k / half for k in range(-half, half + 1)]


def run(config: LandscapeConfig, earlier: Finding | None = None) -> Iterator[Finding]:
    """Yield a finding after each line of a surface; the residual network comes first.

    Parameters
    ----------
    config
        The settings.
    earlier
        A partial finding with the same settings; its lines are not computed again.

    Raises
    ------
    OptionError
        If the twins' weights have different shapes.

    """
    twins = trained_twins(config.depth, config.twins)
    data = labelled_batch(config.source, config.images, twins.first.preprocessing)
    shapes = twins.map(lambda twin: [p.shape for p in twin.network.parameters() if p.ndim > 1])
    if shapes.first != shapes.second:
        raise OptionError("twins_not_alike", twins=config.twins[:80])
    second_distances = config.grid if config.dimensions == 2 else [0.0]
    earlier_lines = {} if earlier is None else _lines(earlier)
    lines: dict[str, list[list[float]]] = {}
    for role, loaded in TWINS.join(twins):
        kind = role.value
        moved = copy.deepcopy(loaded.network)
        directions = [random_direction(moved, 2 * config.seed + number) for number in range(2)]
        lines[kind] = earlier_lines.get(kind, [])
        for b in second_distances[len(lines[kind]) :]:
            line = [loss_at(loaded.network, moved, directions, (a, b), data) for a in config.grid]
            lines[kind].append(line)
            progress = sum(map(len, lines.values())) / (2 * len(second_distances))
            yield _finding(config, lines, progress)


def _lines(finding: Finding) -> dict[str, list[list[float]]]:
    """Return the lines of a partial surface, by kind of network."""
    return {p.name: p.matrix.values.tolist() for p in finding.panels if p.matrix is not None}


def random_direction(network: ResNet, seed: int) -> Direction:
    """Return a normally distributed direction with filters as long as the network's.

    Biases and batch-norm parameters are left out (Li et al. 2018, sec. 4).
    """
    generator = torch.Generator().manual_seed(seed)
    direction = {}
    for name, weight in network.named_parameters():
        if weight.ndim < 2:
            continue
        noise = torch.randn(weight.shape, generator=generator)
        noise_norms = noise.flatten(1).norm(dim=1)
        filter_norms = weight.detach().flatten(1).norm(dim=1)
        scale = (filter_norms / noise_norms).view(-1, *[1] * (weight.ndim - 1))
        direction[name] = noise * scale
    return direction


def loss_at(
    trained: ResNet,
    moved: ResNet,
    directions: list[Direction],
    distances: tuple[float, float],
    data: LabelledBatch,
) -> float:
    """Return the mean cross-entropy, in nats, at the weights W + a d1 + b d2.

    Parameters
    ----------
    trained
        The network with the weights W.
    moved
        A copy of it, which receives the new weights.
    directions
        d1 and d2.
    distances
        a and b.
    data
        The images and labels.

    """
    with torch.no_grad():
        centre = dict(trained.named_parameters())
        for name, weight in moved.named_parameters():
            value = centre[name].clone()
            for distance, direction in zip(distances, directions, strict=True):
                if distance and name in direction:
                    value += distance * direction[name]
            weight.copy_(value)
        return float(cross_entropy(moved(data.images), data.labels))


def _finding(
    config: LandscapeConfig, lines: dict[str, list[list[float]]], progress: float
) -> Finding:
    grid = config.grid
    middle = len(grid) // 2
    if config.dimensions == 2:
        panels = tuple(
            Panel(kind, "direction", "direction_2", matrix=_surface(kind, grid, rows),
                  mark=Mark.SURFACE, log_y=True)
            for kind, rows in lines.items()
        )  # fmt: skip
    else:
        panels = (Panel("line", "direction", "loss", tuple(_line(grid, lines)), log_y=True),)
    numbers = {}
    for kind, rows in lines.items():
        if config.dimensions == 2 and len(rows) <= middle:
            continue
        row = rows[middle] if config.dimensions == 2 else rows[0]
        numbers[f"{kind}_centre"] = row[middle]
        numbers[f"{kind}_edge"] = float(np.mean([row[0], row[-1]]))
    answer = None
    if progress == 1:
        rise = {k: numbers[f"{k}_edge"] - numbers[f"{k}_centre"] for k in lines}
        answer = "plain" if rise["plain"] > rise["residual"] else "residual"
    return Finding("loss-landscape", asdict(config), progress, panels, numbers, answer)


def _line(grid: list[float], lines: dict[str, list[list[float]]]) -> Iterator[Curve]:
    for kind, rows in lines.items():
        yield curve(kind, grid, rows[0])


def _surface(kind: str, grid: list[float], rows: list[list[float]]) -> Matrix:
    names = [f"{value:.3g}" for value in grid]
    return matrix(kind, names[: len(rows)], names, np.array(rows))
