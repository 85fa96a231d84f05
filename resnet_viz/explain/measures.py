"""Seven measures of how faithful a map is.

A map ranks pixels. The pixels that it ranks first should matter to the network: the probability
falls when they are removed and rises when only they are shown. Maps are enlarged bilinearly to the
input's size; signed maps rank by their signed value. A removed pixel is zero in the normalised
image, the mean colour of the training set, unless a measure says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from resnet_viz.explain.baselines import BaselineName
from resnet_viz.explain.pixel_imputation import impute
from resnet_viz.explain.scored_image import ScoredImage, probabilities, scores
from resnet_viz.probe.isolation import copied
from resnet_viz.records.explanation import Explanation
from resnet_viz.records.faithfulness_scores import Better, FaithfulnessScore

#: Shares of pixels that ROAD removes, as in Rong 2022.
ROAD_SHARES = tuple(share / 10 for share in range(1, 10))

#: The map of the same method for another network and image.
Again: TypeAlias = Callable[[nn.Module, Tensor], np.ndarray]


@dataclass(frozen=True)
class Effort:
    """How much work the measures do; the defaults take a second for a network of 32 pixels."""

    steps: int = 32  # points of the deletion and insertion curves, each
    perturbations: int = 64  # of infidelity
    neighbours: int = 4  # of max-sensitivity, each a new explanation
    noise: float = 0.05  # deviation of both, as a share of the input's range
    seed: int = 0


@dataclass(frozen=True, eq=False)
class MapOfImage:
    """The map to measure, with its network and image."""

    scored: ScoredImage
    explanation: Explanation
    relevance: Tensor  # the map at the input's size, in single precision or better
    effort: Effort
    again: Again | None  # None for a map whose method is not known
    removed: Tensor  # what deletion ends with
    hidden: Tensor  # what insertion begins with

    @property
    def pixels(self) -> int:
        return self.relevance.numel()


def _order(case: MapOfImage) -> Tensor:
    """Pixel numbers from most to least relevant; equal ones by number."""
    return case.relevance.flatten().argsort(descending=True, stable=True)


def _first(case: MapOfImage, counts: Sequence[int]) -> Bool[Tensor, "masks ..."]:
    """For each of ``counts`` a mask of that many most relevant pixels."""
    rank = torch.empty_like(order := _order(case))
    rank[order] = torch.arange(len(order), device=order.device)
    limits = torch.tensor(counts, device=order.device).reshape(-1, *[1] * case.relevance.ndim)
    return rank.view(1, *case.relevance.shape) < limits


def _curve(
    case: MapOfImage, name: str, better: Better, start: Tensor, end: Tensor
) -> FaithfulnessScore:
    """The area under the probability as ``start`` becomes ``end``, most relevant pixels first."""
    points = min(case.effort.steps, case.pixels + 1)
    counts = np.linspace(0, case.pixels, points).round().astype(int).tolist()
    changed = _first(case, counts)[:, None]
    values = probabilities(case.scored, torch.where(changed, end, start)).cpu().numpy()
    fractions = np.asarray(counts, np.float32) / np.float32(case.pixels)
    area = float(np.trapezoid(values, fractions))
    return FaithfulnessScore(name, area, better, fractions, values.astype(np.float32))


def _deletion(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """Area under the curve while the most relevant pixels are removed (Petsiuk 2018)."""
    image = case.scored.image
    yield _curve(case, "deletion", Better.LOW, image, case.removed)


def _insertion(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """The same while they are added to a blurred image (Petsiuk 2018, arXiv 1806.07421)."""
    yield _curve(case, "insertion", Better.HIGH, case.hidden, case.scored.image)


def _road(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """Mean probability with 10 to 90 % of the pixels imputed, most or least relevant first."""
    counts = [round(share * case.pixels) for share in ROAD_SHARES]
    exact = case.scored.image[0].to(torch.promote_types(case.scored.image.dtype, torch.float32))
    most = _first(case, counts)
    least = ~_first(case, [case.pixels - count for count in counts])
    filled = impute(exact, torch.cat([most, least])).to(case.scored.image)
    values = probabilities(case.scored, filled).cpu().numpy().astype(np.float32)
    shares = np.asarray(ROAD_SHARES, np.float32)
    first, last = values[: len(counts)], values[len(counts) :]
    yield FaithfulnessScore("road_most", float(first.mean()), Better.LOW, shares, first)
    yield FaithfulnessScore("road_least", float(last.mean()), Better.HIGH, shares, last)
    combined = float(last.mean() - first.mean()) / 2
    yield FaithfulnessScore("road_combined", combined, Better.HIGH)


def _average_drop(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """max(0, p - p') / p and whether p' > p, p' seen through the map scaled to 0 to 1.

    Chattopadhay 2018 (arXiv 1710.11063, sec. 5.1); the paper gives their means over images. In a
    signed map zero is no relevance: what is not above it is not seen.
    """
    relevance = case.relevance.clamp(min=0) if case.explanation.signed else case.relevance
    high = relevance.max()
    low = torch.zeros_like(high) if case.explanation.signed else relevance.min()
    mask = ((relevance - low) / (high - low).clamp(min=1e-30)).to(case.scored.image)
    both = torch.cat([case.scored.image, case.scored.image * mask])
    whole, masked = probabilities(case.scored, both).tolist()
    drop = max(0.0, whole - masked) / max(whole, 1e-30)
    yield FaithfulnessScore("average_drop", drop, Better.LOW)
    yield FaithfulnessScore("average_increase", float(masked > whole), Better.HIGH)


def _infidelity(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """E (b I . phi - d)^2 / E d^2, d = f(x) - f(x - I), b the best factor.

    I is Gaussian noise, phi the attributions, or the map in every channel (Yeh 2019, arXiv
    1901.09392, definition 2.1, scaled as captum's ``normalize``). An empty map has 1.
    """
    image, phi = case.scored.image, case.explanation.attributions
    shifts = _noise(case, case.effort.perturbations, torch.randn)
    change = case.scored.score - scores(case.scored, image - shifts)
    shown = case.relevance if phi is None else torch.tensor(phi, device=image.device)[None]
    expected = (shifts.to(shown) * shown).flatten(1).sum(1)
    factor = (expected * change).sum() / expected.square().sum().clamp(min=1e-30)
    error = (factor * expected - change).square().mean()
    value = float(error / change.square().mean().clamp(min=1e-30))
    yield FaithfulnessScore("infidelity", value, Better.LOW)


def _max_sensitivity(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """The largest ||phi(x + e) - phi(x)|| / ||phi(x)||, e uniform noise (Yeh 2019, def. 4.2)."""
    before, image = case.explanation, case.scored.image
    length = float(np.linalg.norm(before.map)) or 1.0
    furthest = 0.0
    for shift in _noise(case, case.effort.neighbours, _symmetric):
        other = _again(case, case.scored.network, image + shift)
        furthest = max(furthest, float(np.linalg.norm(other - before.map)) / length)
    yield FaithfulnessScore("max_sensitivity", furthest, Better.LOW)


def _noise(case: MapOfImage, count: int, draw: Callable[..., Tensor]) -> Tensor:
    """``count`` disturbances of the image's size, the same on every device."""
    image, effort = case.scored.image, case.effort
    generator = torch.Generator().manual_seed(effort.seed)
    spread = effort.noise * float(image.max() - image.min())
    return draw((count, *image.shape[1:]), generator=generator).to(image) * spread


def _symmetric(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform in -1 to 1."""
    return 2 * torch.rand(shape, generator=generator) - 1


def _randomisation(case: MapOfImage) -> Iterator[FaithfulnessScore]:
    """|rank correlation| with the map of the same network with all weights shuffled.

    Each weight tensor keeps its own values in another order (Adebayo 2018, arXiv 1810.03292,
    sec. 3). A map that stays the same does not depend on what the network learnt.
    """
    network = copied(case.scored.network)
    generator = torch.Generator().manual_seed(case.effort.seed)
    with torch.no_grad():
        for weights in network.parameters():
            order = torch.randperm(weights.numel(), generator=generator).to(weights.device)
            weights.copy_(weights.flatten()[order].view_as(weights))
    other = _again(case, network, case.scored.image)
    value = abs(rank_correlation(case.explanation.map.ravel(), other.ravel()))
    yield FaithfulnessScore("randomisation", value, Better.LOW)


def _again(case: MapOfImage, network: nn.Module, image: Tensor) -> np.ndarray:
    """The map of the same method for another network or image."""
    assert case.again is not None
    return case.again(network, image)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where either is constant or not finite."""
    from scipy.stats import spearmanr  # half a second that only this measure needs

    if not all(np.isfinite(values).all() and np.ptp(values) > 0 for values in (a, b)):
        return 0.0
    return float(spearmanr(a, b).statistic)


Measure = Callable[[MapOfImage], Iterator[FaithfulnessScore]]

#: The function of each measure; ROAD gives three scores, the average drop two.
MEASURES: dict[str, Measure] = {
    "deletion": _deletion,
    "insertion": _insertion,
    "road": _road,
    "average_drop": _average_drop,
    "infidelity": _infidelity,
    "max_sensitivity": _max_sensitivity,
    "randomisation": _randomisation,
}

#: What deletion ends with and insertion begins with, unless a caller says otherwise.
CURVE_ENDS = (BaselineName.ZERO, BaselineName.BLUR)

#: Measures that compute the map again, of other images or weights.
REPEATING = ("max_sensitivity", "randomisation")
