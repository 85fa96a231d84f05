"""What two checkpoints of one network are to each other: frozen, averaged, or trained on."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from resnet_viz.checkpoints.identifying.bn_consistency import consistency
from resnet_viz.checkpoints.identifying.fits import CLEARLY
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.pictures.decode import safe_name
from resnet_viz.records import CheckFinding
from resnet_viz.spec import Norm

_EQUAL = 1e-6  # relative distance of tensors that are equal but for rounding
_RELATED = 0.7  # relative distance of weights; independent trainings are 1.3 or more apart
_FITS = 0.2  # the score of statistics that fit; right networks have 0.16 at most
_TINY = 1e-12


@dataclass(frozen=True)
class _Apart:
    """Distances between two networks: of the body's weights, and of the running statistics."""

    weights: Mapping[str, float]
    statistics: Mapping[str, float]

    @property
    def weight(self) -> float:
        return sum(self.weights.values()) / len(self.weights)

    @property
    def frozen(self) -> bool:
        return max(self.weights.values()) <= _EQUAL

    @property
    def same_statistics(self) -> bool:
        return max(self.statistics.values()) <= _EQUAL


def pair_findings(
    first: Identification,
    second: Identification,
    batches: tuple[Float[Tensor, "n c h w"], Float[Tensor, "n c h w"]],
) -> Iterator[CheckFinding]:
    """Yield what the weights and the running statistics of two checkpoints say together.

    Nothing is said about networks of other shapes, without running statistics in the files, or
    whose weights were trained independently.

    Parameters
    ----------
    first, second
        The networks; the second is the later one, or the average.
    batches
        Pictures as each network expects them.

    """
    measured = _apart(first, second)
    if measured is None or measured.weight > _RELATED:
        return
    if measured.frozen and not measured.same_statistics:
        layer = max(measured.statistics, key=lambda name: measured.statistics[name])
        moved = sum(measured.statistics.values()) / len(measured.statistics)
        yield graded("pair_frozen", moved, layer.rpartition(".")[0],
                     largest=readable(measured.statistics[layer]))  # fmt: skip
    elif not measured.frozen and measured.same_statistics:
        yield graded("pair_statistics", measured.weight)
    elif not measured.frozen:
        yield _fit(first, second, batches, measured)


def _fit(
    first: Identification,
    second: Identification,
    batches: tuple[Tensor, Tensor],
    measured: _Apart,
) -> CheckFinding:
    """Whose running statistics fit its own weights, on the same pictures."""
    scores = [
        consistency(each.network, batch).mean
        for each, batch in zip((first, second), batches, strict=True)
    ]
    names = (_name(first), _name(second))
    better, worse = sorted(range(2), key=lambda side: scores[side])
    words = {
        "better": names[better],
        "worse": names[worse],
        "good": readable(scores[better]),
        "bad": readable(scores[worse]),
        "apart": readable(measured.weight),
    }
    unfit = scores[worse] > CLEARLY * scores[better] and scores[worse] > _FITS
    if unfit:
        return graded(
            "pair_unfit", scores[worse] / max(scores[better], _TINY), None, note=False, **words
        )
    return graded("pair_related", measured.weight, None, note=True, **words)


def _name(identification: Identification) -> str:
    """The file's name, and that of its set of weights if it has several."""
    copy = identification.file.copy
    return f"{identification.name}, {safe_name(copy)}" if copy else identification.name


def _apart(first: Identification, second: Identification) -> _Apart | None:
    facts = (first.file.has_statistics, second.file.has_statistics)
    if first.spec.norm is not Norm.BATCH or not all(facts):
        return None
    one, other = first.network.state_dict(), second.network.state_dict()
    body = [name for name in one if not name.startswith("fc.")]
    if any(name not in other or one[name].shape != other[name].shape for name in body):
        return None
    statistics = {n: _distance(one[n], other[n]) for n in body if "running_" in n}
    weights = {
        name: _distance(one[name], other[name])
        for name in body
        if name not in statistics and one[name].is_floating_point()
    }
    values = [*weights.values(), *statistics.values()]
    return _Apart(weights, statistics) if statistics and all(map(math.isfinite, values)) else None


def _distance(one: Tensor, other: Tensor) -> float:
    """||b - a|| / ||a||, zero for equal tensors."""
    with torch.no_grad():
        return float((other - one).norm() / one.norm().clamp_min(_TINY))
