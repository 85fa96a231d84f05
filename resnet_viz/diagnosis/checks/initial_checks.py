"""Checks for weights that are still those of an initialiser, in some layers, in all, or in part."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.diagnosis.weighted_layers import WeightedLayers
from resnet_viz.records import CheckFinding

_ENOUGH = 300  # weights for the deviation of a distribution
_ENOUGH_NORMAL = 1000  # weights; of fewer, trained ones are normally distributed too often
_FEWEST = 32  # weights of a head that is drawn uniformly within a known bound
_UNIFORM_KURTOSIS = 2.2  # a uniform distribution has 1.8, a normal one 3
_ALL_FRESH = 0.8  # share of layers
_FEWEST_LAYERS = 4  # that are large enough, for a judgement of a whole network
_KURTOSIS_MARGIN = 0.15  # trained networks have a median of 3.5 and more
_ALIKE = 0.12  # interquartile range of std / initial std over its median; trained: 0.15 and more


def initial_findings(found: WeightedLayers) -> Iterator[CheckFinding]:
    """Yield what says that layers were not trained."""
    fresh = {n: float(_fresh(m)) for n, m in found.layers.items()}
    testable = [n for n, m in found.layers.items() if m.weight.numel() >= _ENOUGH_NORMAL]
    share = sum(fresh[n] for n in testable) / len(testable) if testable else 0.0
    if len(testable) >= _FEWEST_LAYERS and share >= _ALL_FRESH:
        yield graded("untrained", share, layers=str(len(found.layers)))
    yield from worst("fresh_layer", fresh)
    if share < _ALL_FRESH:
        yield from _young(found.convolutions)


def _young(convolutions: Mapping[str, nn.Conv2d]) -> Iterator[CheckFinding]:
    """Find weights a w0 + (1 - a) w that are mostly their initial values w0.

    The sum of a normal and a trained distribution is normal if a is large, and its deviation over
    the initial one is about a in every layer. Trained layers differ from each other and have heavy
    tails.
    """
    weights = [m.weight.detach().float() for m in convolutions.values()]
    weights = [w for w in weights if w.numel() >= _ENOUGH_NORMAL and torch.isfinite(w).all()]
    weights = [w for w in weights if float(w.std()) > 0]
    if len(weights) < _FEWEST_LAYERS:
        return
    kurtoses = sorted(_kurtosis(w) for w in weights)
    if abs(kurtoses[len(kurtoses) // 2] - 3) > _KURTOSIS_MARGIN:
        return
    shares = [
        sorted(float(w.std()) / deviation(w) for w in weights)
        for deviation in (_he_fan_out, _he_fan_in)
    ]
    for ordered in shares:
        low, middle, high = (ordered[int(q * (len(ordered) - 1))] for q in (0.25, 0.5, 0.75))
        if high - low <= _ALIKE * middle and middle <= 1.0:
            yield graded("young", middle, share=f"{middle:.0%}")
            return


def _he_fan_out(weight: Tensor) -> float:
    return float((2 / (weight.shape[0] * weight[0, 0].numel())) ** 0.5)


def _he_fan_in(weight: Tensor) -> float:
    return float((2 / weight[0].numel()) ** 0.5)


def _kurtosis(weight: Tensor) -> float:
    deviation, mean = weight.std(), weight.mean()
    return (
        float(((weight - mean) / deviation).square().square().mean()) if float(deviation) else 0.0
    )


def _fresh(module: nn.Conv2d | nn.Linear) -> bool:
    """Whether weights are distributed as an initialiser draws them.

    That is uniform within 1 / sqrt(fan-in), or for a convolution He's normal distribution (fan-in
    or fan-out) without excess kurtosis. A trained head may be normally distributed too, so only the
    uniform distribution counts for a head.
    """
    weight = module.weight.detach().float()
    if not torch.isfinite(weight).all():
        return False
    if weight.numel() < _ENOUGH:
        return weight.ndim == 2 and _is_uniform(weight)
    fan_in = weight[0].numel()
    deviation, mean = float(weight.std()), float(weight.mean())
    error = 4 / (2 * weight.numel()) ** 0.5  # four standard errors of the standard deviation
    if abs(mean) > 4 * deviation / weight.numel() ** 0.5:
        return False
    kurtosis = _kurtosis(weight)
    if kurtosis < _UNIFORM_KURTOSIS:
        bound = 1 / fan_in**0.5
        return float(weight.abs().max()) <= bound * 1.0001 and _near(
            deviation, bound / 3**0.5, error
        )
    enough = weight.ndim == 4 and weight.numel() >= _ENOUGH_NORMAL
    normal = enough and abs(kurtosis - 3) < 4 * (24 / weight.numel()) ** 0.5
    wanted = (_he_fan_in(weight), _he_fan_out(weight)) if enough else ()
    return normal and any(_near(deviation, each, error) for each in wanted)


def _is_uniform(weight: Tensor) -> bool:
    """Whether few weights fill (-b, b) evenly, b = 1 / sqrt(fan-in).

    They reach the bound, never pass it, and their distribution function is within 1.6 / sqrt(n) of
    the straight line (Kolmogorov-Smirnov, 1 %).
    """
    values, bound = weight.flatten().sort().values, 1 / weight.shape[1] ** 0.5
    count = len(values)
    largest = float(values.abs().max())
    if count < _FEWEST or not bound * (1 - 8 / count) < largest <= bound * 1.0001:
        return False
    even = (values / bound + 1) / 2
    steps = torch.arange(1, count + 1) / count
    gap = torch.maximum((steps - even).abs(), (even - steps + 1 / count).abs()).max()
    return bool(float(gap) < 1.6 / count**0.5)


def _near(value: float, wanted: float, error: float) -> bool:
    return abs(value / wanted - 1) < error
