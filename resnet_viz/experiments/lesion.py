"""Lesions: delete blocks of trained twins, or put them in another order.

Veit et al. 2016 (arXiv 1605.06431), sec. 4: a residual network hardly notices that a block is
missing, except where the shape changes; a plain network falls to chance.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.walked_twins import accuracy, downsampling, trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import TWINS, Finding, Mark, Panel


@dataclass(frozen=True, kw_only=True)
class LesionConfig:
    """``draws``: random choices for each number of deleted blocks, and shuffled orders."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    source: Images = Images.CIFAR10
    draws: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 10_000)
        in_range("draws", self.draws, 1, 100)

    @property
    def work(self) -> float:
        """How long it takes, in units of its own."""
        return self.images * self.depth * (self.depth / 2 + 10 * self.draws)


@dataclass(frozen=True)
class Lesions:
    """Accuracy (0 to 1) of one network: whole, without each block, without k, shuffled."""

    whole: float
    without: dict[str, float]
    without_some: list[tuple[int, float]]
    shuffled: list[tuple[float, float]]  # Kendall's tau of the order, accuracy

    def losses(self, leave_out: Sequence[str] = ()) -> list[float]:
        """Points of accuracy lost by each deletion, 0 to 100."""
        return [
            100 * (self.whole - value)
            for name, value in self.without.items()
            if name not in leave_out
        ]


def run(config: LesionConfig) -> Iterator[Finding]:
    """Delete each block, then k random blocks, then shuffle; residual network first."""
    twins = trained_twins(config.depth, config.twins)
    found: dict[str, Lesions] = {}
    for place, (role, loaded) in enumerate(TWINS.join(twins)):
        data = labelled_batch(config.source, config.images, loaded.preprocessing)
        for share, lesions in lesions_of(loaded, data, config):
            found[role.value] = lesions
            progress = (place + share) / 2
            yield _finding(config, twins.first.network, found, min(progress, 0.99))
    yield _finding(config, twins.first.network, found, 1.0)


def lesions_of(
    loaded: LoadedNetwork, data: LabelledBatch, config: LesionConfig
) -> Iterator[tuple[float, Lesions]]:
    """Share done, and what one network lost so far."""
    network = loaded.network
    blocks, names = list(network.blocks()), network.spec.blocks()
    movable = [name for name in names if name not in downsampling(network)]
    result = Lesions(accuracy(network, data), {}, [], [])
    chance = random.Random(config.seed)
    counts = range(1, len(movable) + 1, max(1, len(movable) // 6))
    total, done = len(names) + config.draws * (len(counts) + 3), 0
    for name in names:
        result.without[name] = accuracy(network, data, deleted={name})
        done += 1
        yield done / total, result
    for count in counts:
        for _ in range(config.draws):
            gone = set(chance.sample(movable, count))
            result.without_some.append((count, accuracy(network, data, deleted=gone)))
            done += 1
            yield done / total, result
    for swaps in (1, 3, 10):
        for _ in range(config.draws):
            order = shuffled(network, swaps, chance)
            tau = kendall(blocks, order)
            result.shuffled.append((tau, accuracy(network, data, order)))
            done += 1
            yield done / total, result


def shuffled(network: ResNet, swaps: int, chance: random.Random) -> list[ResidualBlock]:
    """The blocks after some exchanges of two that stand in one stage and keep its shape.

    As they were where no stage has two of them.
    """
    order = list(network.blocks())
    fixed = set(downsampling(network))
    pairs = [
        (i, j)
        for i, j in combinations(range(len(order)), 2)
        if order[i].plan.stage == order[j].plan.stage and not fixed & {order[i].name, order[j].name}
    ]
    for _ in range(swaps if pairs else 0):
        i, j = chance.choice(pairs)
        order[i], order[j] = order[j], order[i]
    return order


def kendall(before: Sequence[ResidualBlock], after: Sequence[ResidualBlock]) -> float:
    """Kendall's rank correlation of two orders of the same blocks: 1 where they are equal."""
    place = {block.name: i for i, block in enumerate(before)}
    ranks = [place[block.name] for block in after]
    signs = [1 if a < b else -1 for a, b in combinations(ranks, 2)]
    return sum(signs) / len(signs) if signs else 1.0


def _finding(
    config: LesionConfig, network: ResNet, found: dict[str, Lesions], progress: float
) -> Finding:
    special = downsampling(network)
    numbers: dict[str, float] = {}
    for kind, lesions in found.items():
        losses = lesions.losses(special)
        numbers[f"{kind}_whole"] = 100 * lesions.whole
        numbers[f"{kind}_median"] = float(np.median(losses)) if losses else 0.0
        numbers[f"{kind}_most"] = max(lesions.losses(), default=0.0)
        numbers[f"{kind}_least"] = min(lesions.losses(), default=0.0)
    answer = None
    if progress == 1:
        residual, plain = numbers["residual_median"], numbers["plain_median"]
        answer = (
            "plain" if plain > residual + 5 else ("residual" if residual > plain + 5 else "both")
        )
    return Finding("lesion", asdict(config), progress, _panels(found, special), numbers, answer)


def _panels(found: dict[str, Lesions], special: Sequence[str]) -> tuple[Panel, ...]:
    """Blocks that change the shape are marked by an arrow; a panel without points is left out."""
    each, some, order = [], [], []
    for kind, lesions in found.items():
        names = [f"{n} ↓" if n in special else n for n in lesions.without]
        each.append(curve(kind, range(len(names)), lesions.without.values(), names))
        some.append(curve(kind, *_columns(lesions.without_some)))
        order.append(curve(kind, *_columns(lesions.shuffled)))
    panels = (
        Panel("deleted", "marked_block", "accuracy", tuple(each)),
        Panel("some", "deleted_blocks", "accuracy", tuple(some), mark=Mark.POINTS),
        Panel("shuffled", "kendall", "accuracy", tuple(order), mark=Mark.POINTS),
    )
    return tuple(p for p in panels if any(len(c.x) for c in p.curves))


def _columns(rows: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [row[0] for row in rows], [row[1] for row in rows]
