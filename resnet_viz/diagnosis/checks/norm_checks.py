"""Tier 1, batch normalisation: statistics and scales that no training leaves behind."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.diagnosis.weighted_layers import WeightedLayers
from resnet_viz.records import CheckFinding


def norm_findings(found: WeightedLayers) -> Iterator[CheckFinding]:
    """Yield the findings on the tensors of batch normalisations."""
    norms = found.norms
    if not norms:
        return
    yield from worst("bn_never_trained", {n: float(_reset(m)) for n, m in norms.items()})
    negative = {n: _lowest_variance(m) for n, m in norms.items()}
    impossible = {n: v for n, v in negative.items() if v < 0}
    for name, value in impossible.items():
        yield graded("bn_variance", value, name, case="negative")
    if not impossible:
        yield from worst("bn_variance", _variances(found))
    yield from _scales(norms)
    yield from worst("wild_weight", {n: _wild_shift(m) for n, m in norms.items()}, only_bad=True)


def _reset(norm: nn.BatchNorm2d) -> bool:
    mean, variance = torch.as_tensor(norm.running_mean), torch.as_tensor(norm.running_var)
    return bool((mean == 0).all() and (variance == 1).all())


def _lowest_variance(norm: nn.BatchNorm2d) -> float:
    variance = torch.as_tensor(norm.running_var)
    return float(variance.nan_to_num(0.0, 0.0, 0.0).min())


def _variances(found: WeightedLayers) -> dict[str, float]:
    """The largest running variance by layer; the first is divided by that of the input."""
    first = next(iter(found.norms))
    scale = max(1.0, found.input_variance)
    return {
        n: _finite_max(torch.as_tensor(m.running_var)) / (scale if n == first else 1)
        for n, m in found.norms.items()
    }


def _finite_max(values: torch.Tensor) -> float:
    """The largest finite absolute value; values that are not finite have their own check."""
    return float(values.detach().float().nan_to_num(0.0, 0.0, 0.0).abs().max())


def _scales(norms: Mapping[str, nn.BatchNorm2d]) -> Iterator[CheckFinding]:
    """Name scales that are large, zero, or of another size than those of the other layers."""
    yield from worst("bn_scale", {n: _finite_max(m.weight) for n, m in norms.items()})
    yield from _zero_scales(norms)
    smaller = _times_smaller(norms)
    larger = {name: 1 / times for name, times in smaller.items()}
    yield from worst("bn_scale", smaller, case="small", only_bad=True)
    yield from worst("bn_scale", larger, case="large", only_bad=True)


def _zero_scales(norms: Mapping[str, nn.BatchNorm2d]) -> Iterator[CheckFinding]:
    """Name scales that are exactly zero while the channel's statistics are alive."""
    shares = {n: float((m.weight == 0).float().mean()) for n, m in norms.items()}
    for name, share in shares.items():
        if share:
            yield graded("bn_scale", share, name, case="zero", share=f"{share:.0%}")


def _times_smaller(norms: Mapping[str, nn.BatchNorm2d]) -> dict[str, float]:
    """Median scale of each layer over the median of all layers, as how many times smaller."""
    medians = {n: float(m.weight.detach().abs().median()) for n, m in norms.items()}
    positive = sorted(value for value in medians.values() if value > 0)
    if len(positive) < 3:
        return {}
    # of two groups of sizes the larger is the usual one: training makes scales smaller, not larger
    usual = positive[3 * len(positive) // 4]
    return {n: usual / value for n, value in medians.items() if value > 0}


def _wild_shift(norm: nn.BatchNorm2d) -> float:
    """The largest shift (beta), in units of 1 or of the other shifts' size, whichever is larger."""
    shift = norm.bias.detach().double().nan_to_num(0.0, 0.0, 0.0).abs()
    if len(shift) < 2:
        return 0.0
    ordered = shift.sort().values
    return float(ordered[-1] / ordered[:-1].square().mean().sqrt().clamp_min(1.0))
