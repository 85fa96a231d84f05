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
from resnet_viz.core.number_format import readable
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.measures.spread import around_mean
from resnet_viz.experiments.measures.walked_twins import trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import TWINS, Finding, Mark, Matrix, Panel

#: A direction in weight space: a tensor for each weight, by parameter name.
Direction = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class LandscapeConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 50
    source: Images = Images.CIFAR10
    dimensions: int = 1  # 1: a line for each direction, 2: a surface over the first two
    directions: int = 5  # random directions, of lines; a surface has two
    points: int = 15  # per dimension; an even number counts as the next odd one
    reach: float = 1.0  # largest distance, relative to the norm of each filter
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 10_000)
        in_range("dimensions", self.dimensions, 1, 2)
        in_range("directions", self.directions, 1, 50)
        in_range("points", self.points, 3, 101)
        in_range("reach", self.reach, 0.001, 10)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        lines = self.directions if self.dimensions == 1 else self.points
        return float(self.images * self.depth * self.points * lines)

    @property
    def grid(self) -> list[float]:
        """Distances along a direction, from -``reach`` to ``reach``; the middle one is 0."""
        half = self.points // 2
        return [self.reach * k / half for k in range(-half, half + 1)]


def run(config: LandscapeConfig, earlier: Finding | None = None) -> Iterator[Finding]:
    """Yield a finding after each line; the residual network comes first.

    In one dimension every line has its own direction, in two all lines lie in one plane.

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
    count = config.directions if config.dimensions == 1 else len(config.grid)
    earlier_lines = {} if earlier is None else _lines(earlier)
    if len(earlier_lines) == 2 and all(len(rows) == count for rows in earlier_lines.values()):
        yield _finding(config, earlier_lines, 1.0)
        return
    lines: dict[str, list[list[float]]] = {}
    for role, loaded in TWINS.join(twins):
        kind = role.value
        moved = copy.deepcopy(loaded.network)
        lines[kind] = earlier_lines.get(kind, [])
        for number in range(len(lines[kind]), count):
            directions, b = _line_of(config, loaded.network, number)
            line = [loss_at(loaded.network, moved, directions, (a, b), data) for a in config.grid]
            lines[kind].append(line)
            progress = sum(map(len, lines.values())) / (2 * count)
            yield _finding(config, lines, progress)


def _line_of(
    config: LandscapeConfig, network: ResNet, number: int
) -> tuple[list[Direction], float]:
    """Return two directions, and the distance of a line along the second."""
    if config.dimensions == 1:
        first = config.seed * config.directions
        return [random_direction(network, seed) for seed in (first + number, 0)], 0.0
    seeds = (2 * config.seed, 2 * config.seed + 1)
    return [random_direction(network, seed) for seed in seeds], config.grid[number]


def _lines(finding: Finding) -> dict[str, list[list[float]]]:
    """Return the lines of a partial finding, by kind of network."""
    lines = {p.name: p.matrix.values.tolist() for p in finding.panels if p.matrix is not None}
    for one in (one for panel in finding.panels for one in panel.curves):
        lines.setdefault(one.name, []).append(one.y.tolist())
    return lines


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
    if config.dimensions == 2:
        panels = tuple(
            Panel(kind, "direction", "direction_2", matrix=_surface(kind, grid, rows),
                  mark=Mark.SURFACE, log_y=True)
            for kind, rows in lines.items()
        )  # fmt: skip
    else:
        curves = tuple(curve(kind, grid, row) for kind, rows in lines.items() for row in rows)
        panels = (Panel("line", "direction", "loss", curves, log_y=True),)
    numbers = {}
    if progress == 1:
        through = {kind: _through_centre(config, rows) for kind, rows in lines.items()}
        numbers = _numbers(np.array(grid), through)
    return Finding("loss-landscape", asdict(config), progress, panels, numbers)


def _through_centre(config: LandscapeConfig, rows: list[list[float]]) -> np.ndarray:
    """Return the lines through the trained weights, one per direction.

    Those of a surface are its two axes and its two diagonals.
    """
    if config.dimensions == 1:
        return np.array(rows)
    surface, middle = np.array(rows), len(config.grid) // 2
    diagonals = [surface.diagonal(), surface[:, ::-1].diagonal()]
    return np.array([surface[middle], surface[:, middle], *diagonals])


def _numbers(grid: np.ndarray, lines: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the losses, and how much more the plain network's loss rises, with its spread.

    Both networks are moved along the same directions, so the ratio of their rises is taken for
    each direction. "Near the centre" is within a third of the reach.
    """
    middle = len(grid) // 2
    near = (np.abs(grid) <= grid[-1] / 3) & (np.arange(len(grid)) != middle)
    if not near.any():
        near = np.abs(np.arange(len(grid)) - middle) == 1
    numbers, edges, centres = {}, {}, {}
    for kind, rows in lines.items():
        numbers[f"{kind}_centre"] = float(rows[0, middle])
        numbers[f"{kind}_edge"] = float(rows[:, [0, -1]].mean())
        numbers[f"{kind}_near"] = float(rows[:, near].mean())
        edges[kind] = rows[:, [0, -1]].mean(1) - rows[:, middle]
        centres[kind] = rows[:, near].mean(1) - rows[:, middle]
    for name, rises in (("rise_ratio", edges), ("centre_ratio", centres)):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = rises["plain"] / rises["residual"]
        numbers |= around_mean(name, ratios.tolist(), logarithmic=True)
    return numbers


def _surface(kind: str, grid: list[float], rows: list[list[float]]) -> Matrix:
    names = [readable(value) for value in grid]
    return matrix(kind, names[: len(rows)], names, np.array(rows))
