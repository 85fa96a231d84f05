"""Seven measures of how faithful a map is.

A map ranks pixels. The pixels that it ranks first should matter to the network: the probability
falls when they are removed and rises when only they are shown. Maps are enlarged bilinearly to the
input's size; signed maps rank by their signed value. A removed pixel is zero in the normalised
image, the mean colour of the training set, unless a measure says otherwise.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from resnet_viz.core.errors import OptionError
from resnet_viz.explain.explain_image import explain
from resnet_viz.explain.pixel_imputation import impute
from resnet_viz.explain.scored_image import ScoredImage, probabilities, score_image, scores
from resnet_viz.records.explanation import Better, Explanation, FaithfulnessScore

#: Shares of pixels that ROAD removes, as in Rong 2022.
ROAD_SHARES = tuple(share / 10 for share in range(1, 10))


@dataclass(frozen=True)
class Effort:
    """How much work the measures do; the defaults take a second for a network of 32 pixels."""

    steps: int = 32  # points of the deletion and insertion curves, each
    perturbations: int = 64  # of infidelity
    neighbours: int = 4  # of max-sensitivity, each a new explanation
    noise: float = 0.05  # deviation of both, as a share of the input's range
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _MapOfImage:
    """The map to measure, with its network and image."""

    scored: ScoredImage
    explanation: Explanation
    relevance: Tensor  # the map at the input's size, (height, width)
    effort: Effort

    @property
    def pixels(self) -> int:
        return self.relevance.numel()


def faithfulness(
    network: nn.Module,
    image: Float[Tensor, "one channel height width"],
    explanation: Explanation,
    *,
    effort: Effort | None = None,
    measures: Sequence[str] | None = None,
) -> Iterator[FaithfulnessScore]:
    """Measure how faithful an explanation is; yields each score when it is ready.

    A map with values that are not finite has no scores. Deletion and insertion together take at
    most 2 x ``effort.steps`` forward passes.

    Parameters
    ----------
    network, image
        The arguments of ``explain``.
    explanation
        From ``explain``.
    effort
        Points of curves and numbers of samples; None for the defaults.
    measures
        Names from ``MEASURES``; None for all of them.

    Raises
    ------
    OptionError
        A measure is unknown.

    """
    chosen = list(MEASURES) if measures is None else list(measures)
    for name in chosen:
        if name not in MEASURES:
            known = ", ".join(MEASURES)
            raise OptionError("option_unknown", option="measure", value=name, known=known)
    scored = score_image(network, image, explanation.target, explanation.against)
    height, width = explanation.input_size
    relevance = _tensor(explanation.upsampled(height, width), image)
    if not bool(torch.isfinite(relevance).all()):
        return
    case = _MapOfImage(scored, explanation, relevance, effort or Effort())
    for name in chosen:
        yield from MEASURES[name](case)


def _order(case: _MapOfImage) -> Tensor:
    """Pixel numbers from most to least relevant; equal ones by number."""
    return case.relevance.flatten().argsort(descending=True, stable=True)


def _first(case: _MapOfImage, counts: Sequence[int]) -> Bool[Tensor, "masks height width"]:
    """For each of ``counts`` a mask of that many most relevant pixels."""
    rank = torch.empty_like(order := _order(case))
    rank[order] = torch.arange(len(order), device=order.device)
    limits = torch.tensor(counts, device=order.device)[:, None, None]
    return rank.view(1, *case.relevance.shape) < limits


def _curve(
    case: _MapOfImage, name: str, better: Better, start: Tensor, end: Tensor
) -> FaithfulnessScore:
    """The area under the probability as ``start`` becomes ``end``, most relevant pixels first."""
    points = min(case.effort.steps, case.pixels + 1)
    counts = np.linspace(0, case.pixels, points).round().astype(int).tolist()
    changed = _first(case, counts)[:, None]
    values = probabilities(case.scored, torch.where(changed, end, start)).cpu().numpy()
    fractions = np.asarray(counts, np.float32) / np.float32(case.pixels)
    area = float(np.trapezoid(values, fractions))
    return FaithfulnessScore(name, area, better, fractions, values.astype(np.float32))


def _deletion(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """Area under the curve while the most relevant pixels are removed (Petsiuk 2018)."""
    image = case.scored.image
    yield _curve(case, "deletion", Better.LOW, image, torch.zeros_like(image))


def _insertion(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """The same while they are added to a blurred image (Petsiuk 2018, arXiv 1806.07421)."""
    yield _curve(case, "insertion", Better.HIGH, blurred(case.scored.image), case.scored.image)


def _road(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """Mean probability with 10 to 90 % of the pixels imputed, most or least relevant first."""
    counts = [round(share * case.pixels) for share in ROAD_SHARES]
    most = _first(case, counts)
    least = ~_first(case, [case.pixels - count for count in counts])
    filled = impute(case.scored.image[0], torch.cat([most, least]))
    values = probabilities(case.scored, filled).cpu().numpy().astype(np.float32)
    shares = np.asarray(ROAD_SHARES, np.float32)
    first, last = values[: len(counts)], values[len(counts) :]
    yield FaithfulnessScore("road_most", float(first.mean()), Better.LOW, shares, first)
    yield FaithfulnessScore("road_least", float(last.mean()), Better.HIGH, shares, last)
    combined = float(last.mean() - first.mean()) / 2
    yield FaithfulnessScore("road_combined", combined, Better.HIGH)


def _average_drop(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """max(0, p - p') / p and whether p' > p, p' seen through the map scaled to 0 to 1.

    Chattopadhay 2018 (arXiv 1710.11063, sec. 5.1); the paper gives their means over images.
    """
    low, high = case.relevance.min(), case.relevance.max()
    mask = (case.relevance - low) / (high - low).clamp(min=1e-30)
    both = torch.cat([case.scored.image, case.scored.image * mask])
    whole, masked = probabilities(case.scored, both).tolist()
    drop = max(0.0, whole - masked) / max(whole, 1e-30)
    yield FaithfulnessScore("average_drop", drop, Better.LOW)
    yield FaithfulnessScore("average_increase", float(masked > whole), Better.HIGH)


def _infidelity(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """E (b I . phi - d)^2 / E d^2, d = f(x) - f(x - I), b the best factor.

    I is Gaussian noise, phi the attributions, or the map in every channel (Yeh 2019, arXiv
    1901.09392, definition 2.1, scaled as captum's ``normalize``). An empty map has 1.
    """
    image, phi = case.scored.image, case.explanation.attributions
    shifts = _noise(case, case.effort.perturbations, torch.randn)
    change = case.scored.score - scores(case.scored, image - shifts)
    weights = case.relevance.expand_as(image) if phi is None else _tensor(phi, image)[None]
    expected = (shifts * weights).flatten(1).sum(1)
    factor = (expected * change).sum() / expected.square().sum().clamp(min=1e-30)
    error = (factor * expected - change).square().mean()
    value = float(error / change.square().mean().clamp(min=1e-30))
    yield FaithfulnessScore("infidelity", value, Better.LOW)


def _max_sensitivity(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """The largest ||phi(x + e) - phi(x)|| / ||phi(x)||, e uniform noise (Yeh 2019, def. 4.2)."""
    before, image = case.explanation, case.scored.image
    length = float(np.linalg.norm(before.map)) or 1.0
    furthest = 0.0
    for shift in _noise(case, case.effort.neighbours, _symmetric):
        other = _again(case.scored.network, image + shift, before).map
        furthest = max(furthest, float(np.linalg.norm(other - before.map)) / length)
    yield FaithfulnessScore("max_sensitivity", furthest, Better.LOW)


def _noise(case: _MapOfImage, count: int, draw: Callable[..., Tensor]) -> Tensor:
    """``count`` disturbances of the image's size, the same on every device."""
    image, effort = case.scored.image, case.effort
    generator = torch.Generator().manual_seed(effort.seed)
    spread = effort.noise * float(image.max() - image.min())
    return draw((count, *image.shape[1:]), generator=generator).to(image) * spread


def _symmetric(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform in -1 to 1."""
    return 2 * torch.rand(shape, generator=generator) - 1


def _tensor(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)


def _randomisation(case: _MapOfImage) -> Iterator[FaithfulnessScore]:
    """|rank correlation| with the map of the same network with all weights shuffled.

    Each weight tensor keeps its own values in another order (Adebayo 2018, arXiv 1810.03292,
    sec. 3). A map that stays the same does not depend on what the network learnt.
    """
    network = copy.deepcopy(case.scored.network)
    generator = torch.Generator().manual_seed(case.effort.seed)
    with torch.no_grad():
        for weights in network.parameters():
            order = torch.randperm(weights.numel(), generator=generator).to(weights.device)
            weights.copy_(weights.flatten()[order].view_as(weights))
    other = _again(network, case.scored.image, case.explanation).map
    value = abs(rank_correlation(case.explanation.map.ravel(), other.ravel()))
    yield FaithfulnessScore("randomisation", value, Better.LOW)


def _again(network: nn.Module, image: Tensor, before: Explanation) -> Explanation:
    return explain(
        network,
        image,
        before.method,
        layer=before.fused or before.layer,
        target=before.target,
        against=before.against,
        options=before.options,
    )


def blurred(image: Float[Tensor, "1 c h w"]) -> Float[Tensor, "1 c h w"]:
    """Three box blurs, nearly a Gaussian, of about a tenth of the image's side each."""
    height, width = image.shape[2:]
    reach = max(1, min(height, width) // 20)
    for _ in range(3):
        image = avg_pool2d(image, 2 * reach + 1, 1, reach, count_include_pad=False)
    return image


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation; 0 where either is constant or not finite."""
    from scipy.stats import spearmanr  # half a second that only this measure needs

    if not all(np.isfinite(values).all() and np.ptp(values) > 0 for values in (a, b)):
        return 0.0
    return float(spearmanr(a, b).statistic)


_Measure = Callable[[_MapOfImage], Iterator[FaithfulnessScore]]

#: The function of each measure; ROAD gives three scores, the average drop two.
MEASURES: dict[str, _Measure] = {
    "deletion": _deletion,
    "insertion": _insertion,
    "road": _road,
    "average_drop": _average_drop,
    "infidelity": _infidelity,
    "max_sensitivity": _max_sensitivity,
    "randomisation": _randomisation,
}
