"""Experiment "lesion": delete or reorder the blocks of trained twins.

Veit et al. 2016 (arXiv 1605.06431), sec. 4: a residual network loses little accuracy without a
block, unless the block changes the shape; a plain network falls to chance.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.experiments.measures.batches import Images, LabelledBatch, labelled_batch
from resnet_viz.experiments.measures.curves import curve
from resnet_viz.experiments.measures.spread import resampled
from resnet_viz.experiments.measures.walked_twins import accuracy, downsampling, trained_twins
from resnet_viz.experiments.settings import in_range
from resnet_viz.networks.resnet.blocks import ResidualBlock
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import TWINS, Finding, Mark, Panel


@dataclass(frozen=True, kw_only=True)
class LesionConfig:
    """Settings of the experiment."""

    depth: int = 20
    twins: str = ""  # see ``trained_twins``
    images: int = 200
    source: Images = Images.CIFAR10
    draws: int = 3  # random samples per number of deleted blocks and per number of swaps
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("images", self.images, 1, 10_000)
        in_range("draws", self.draws, 1, 100)

    @property
    def work(self) -> float:
        """Relative cost; scales the recorded time."""
        return self.images * self.depth * (self.depth / 2 + 10 * self.draws)


@dataclass(frozen=True)
class Lesions:
    """Accuracies of one network with and without lesions, 0 to 1."""

    whole: float  # without a lesion
    without: dict[str, float]  # by deleted block
    without_some: list[tuple[int, float]]  # number of deleted blocks, accuracy
    shuffled: list[tuple[float, float]]  # Kendall's tau of the order, accuracy

    def losses(self, leave_out: Sequence[str] = ()) -> list[float]:
        """Return the percentage points of accuracy lost by each deletion of one block."""
        return [
            100 * (self.whole - value)
            for name, value in self.without.items()
            if name not in leave_out
        ]


def run(config: LesionConfig) -> Iterator[Finding]:
    """Yield a finding after each lesion; the residual network comes first.

    Deletes each block alone, then several random blocks, then shuffles the blocks.
    """
    twins = trained_twins(config.depth, config.twins)
    by_kind: dict[str, Lesions] = {}
    for networks_done, (role, loaded) in enumerate(TWINS.join(twins)):
        data = labelled_batch(config.source, config.images, loaded.preprocessing)
        for share, lesions in lesions_of(loaded, data, config):
            by_kind[role.value] = lesions
            progress = (networks_done + share) / 2
            yield _finding(config, twins.first.network, by_kind, min(progress, 0.99))
    yield _finding(config, twins.first.network, by_kind, 1.0)


def lesions_of(
    loaded: LoadedNetwork, data: LabelledBatch, config: LesionConfig
) -> Iterator[tuple[float, Lesions]]:
    """Yield the share done (0 to 1) and the accuracies of one network so far, lesion by lesion."""
    network = loaded.network
    blocks, names = list(network.blocks()), network.spec.blocks()
    movable = [name for name in names if name not in downsampling(network)]
    result = Lesions(accuracy(network, data), {}, [], [])
    generator = random.Random(config.seed)
    counts = range(1, len(movable) + 1, max(1, len(movable) // 6))
    total, done = len(names) + config.draws * (len(counts) + 3), 0
    for name in names:
        result.without[name] = accuracy(network, data, deleted={name})
        done += 1
        yield done / total, result
    for count in counts:
        for _ in range(config.draws):
            deleted = set(generator.sample(movable, count))
            result.without_some.append((count, accuracy(network, data, deleted=deleted)))
            done += 1
            yield done / total, result
    for swaps in (1, 3, 10):
        for _ in range(config.draws):
            order = shuffled(network, swaps, generator)
            tau = kendall(blocks, order)
            result.shuffled.append((tau, accuracy(network, data, order)))
            done += 1
            yield done / total, result


def shuffled(network: ResNet, swaps: int, generator: random.Random) -> list[ResidualBlock]:
    """Return the blocks after ``swaps`` random swaps of two blocks.

    Only blocks of the same stage that keep the shape are swapped. If no stage has two of these,
    the order does not change.
    """
    order = list(network.blocks())
    fixed = set(downsampling(network))
    pairs = [
        (i, j)
        for i, j in combinations(range(len(order)), 2)
        if order[i].plan.stage == order[j].plan.stage and not fixed & {order[i].name, order[j].name}
    ]
    for _ in range(swaps if pairs else 0):
        i, j = generator.choice(pairs)
        order[i], order[j] = order[j], order[i]
    return order


def kendall(before: Sequence[ResidualBlock], after: Sequence[ResidualBlock]) -> float:
    """Return Kendall's rank correlation of two orders of the same blocks, -1 to 1 (equal)."""
    rank_before = {block.name: i for i, block in enumerate(before)}
    ranks = [rank_before[block.name] for block in after]
    signs = [1 if a < b else -1 for a, b in combinations(ranks, 2)]
    return sum(signs) / len(signs) if signs else 1.0


def _finding(
    config: LesionConfig, network: ResNet, by_kind: dict[str, Lesions], progress: float
) -> Finding:
    changes_shape = downsampling(network)
    numbers: dict[str, float] = {}
    for kind, lesions in by_kind.items():
        losses = lesions.losses(changes_shape)
        numbers[f"{kind}_whole"] = 100 * lesions.whole
        numbers[f"{kind}_median"] = float(np.median(losses)) if losses else 0.0
        numbers[f"{kind}_mean"] = float(np.mean(losses)) if losses else 0.0
        numbers[f"{kind}_most"] = max(lesions.losses(), default=0.0)
        numbers[f"{kind}_least"] = min(lesions.losses(), default=0.0)
    if progress == 1:
        numbers |= _compared(*(by_kind[k].losses(changes_shape) for k in ("residual", "plain")))
        numbers |= _exception(by_kind["residual"], changes_shape)
    panels = _panels(by_kind, changes_shape)
    return Finding("lesion", asdict(config), progress, panels, numbers)


def _compared(residual: list[float], plain: list[float]) -> dict[str, float]:
    """Return how much more the plain network loses, in points, by median and by mean.

    The spread is that of a resampling of the deleted blocks.
    """
    return {
        **resampled(
            "median_gap", lambda v: float(np.median(v[1]) - np.median(v[0])), residual, plain
        ),
        **resampled("mean_gap", lambda v: float(v[1].mean() - v[0].mean()), residual, plain),
        **resampled("larger_median", lambda v: float(np.median(v, axis=1).max()), residual, plain),
    }


def _exception(lesions: Lesions, changes_shape: Sequence[str]) -> dict[str, float]:
    """Return how the blocks that change the shape rank among the largest losses.

    Veit 2016 excepts these blocks. It is borne out if each of them costs more than every other.
    """
    costly = sorted(lesions.without, key=lambda name: lesions.without[name])
    first = costly[: len(changes_shape)]
    losses = {name: 100 * (lesions.whole - value) for name, value in lesions.without.items()}
    return {
        "shape_blocks": float(len(changes_shape)),
        "shape_among_most": float(sum(name in changes_shape for name in first)),
        "shape_least": min((losses[name] for name in changes_shape), default=0.0),
        "keeps_most": max((v for n, v in losses.items() if n not in changes_shape), default=0.0),
    }


def _panels(by_kind: dict[str, Lesions], changes_shape: Sequence[str]) -> tuple[Panel, ...]:
    """Return the non-empty panels; an arrow marks the blocks that change the shape."""
    each, some, order = [], [], []
    for kind, lesions in by_kind.items():
        names = [f"{n} ↓" if n in changes_shape else n for n in lesions.without]
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
