"""Tier 1: checks of the weights alone, which need no images and about a second."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.core.number_format import readable
from resnet_viz.diagnosis.checks.initial_checks import initial_findings
from resnet_viz.diagnosis.checks.norm_checks import norm_findings
from resnet_viz.diagnosis.thresholds import graded, worst
from resnet_viz.diagnosis.weighted_layers import WeightedLayers, is_finite
from resnet_viz.records import CheckFinding, LayerHealth

_DEAD = 1e-3  # share of the median norm of a layer's filters
_TWIN = 0.9999  # cosine between two filters
_LIVING = 1e-8  # running variance; that of a filter that decayed is smaller
_HUGE = 1e3  # a weight
_SAMPLE = 4096  # weights of a layer
_FEW_VALUES = 256  # distinct values of a layer quantised to 8 bits


def weight_findings(found: WeightedLayers) -> Iterator[CheckFinding]:
    """Yield the findings of every check that needs only the weights."""
    layers, convolutions = found.layers, found.convolutions
    yield from worst("not_finite", _not_finite(found.tensors))
    yield from worst("zero_layer", {n: float(_constant(m.weight)) for n, m in layers.items()})
    yield from worst("wild_weight", {n: _wild(m.weight) for n, m in layers.items()})
    yield from _dead(found)
    yield from worst("duplicate_filters", {n: _twins(m) for n, m in convolutions.items()})
    yield from norm_findings(found)
    yield from worst("weight_scale", _scales(convolutions))
    yield from initial_findings(found)
    yield from _precision(layers)
    yield from _head_bias(found)


def _dead(found: WeightedLayers) -> Iterator[CheckFinding]:
    """Name filters that are exactly zero under a living normalisation, then those that decayed."""
    zeroed = {n: _zeroed(m, found.norm_after(n)) for n, m in found.convolutions.items()}
    for name, share in zeroed.items():
        if share and not _constant(found.layers[name].weight):
            yield graded("dead_filters", share, name, case="zeroed", share=f"{share:.0%}")
    decayed = {n: dead_filters(m) for n, m in found.convolutions.items() if not zeroed[n]}
    yield from worst("dead_filters", decayed)


def _zeroed(module: nn.Conv2d, norm: nn.BatchNorm2d | None) -> float:
    """The share of filters that are exactly zero, and were not when the statistics were taken."""
    zero = (module.weight == 0).flatten(1).all(1)
    if norm is None or not zero.any():
        return 0.0
    living = (torch.as_tensor(norm.running_var) > _LIVING) & (norm.weight != 0)
    return float((zero & living).float().mean())


def _wild(weight: Tensor) -> float:
    """The largest weight over the root mean square of the others."""
    values = weight.detach().double().nan_to_num(0.0, 0.0, 0.0).flatten().abs()
    largest = values.max()
    others = (values.square().sum() - largest.square()).clamp_min(0) / max(1, len(values) - 1)
    if float(largest) > _HUGE:  # its square leaves nothing of the others in a difference
        others = values[values < largest].square().mean() if (values < largest).any() else others
    return float(largest / others.sqrt()) if float(others) > 0 else 0.0


def _head_bias(found: WeightedLayers) -> Iterator[CheckFinding]:
    """Check the largest minus the smallest bias of the head, the log odds of two classes.

    It is small for equally frequent classes; otherwise it is about the logarithm of the ratio of
    their frequencies.
    """
    stored = None if found.head is None else found.layers[found.head].bias
    if stored is None or len(stored) < 2 or not torch.isfinite(stored).all():
        return
    bias = stored.detach().float()
    spread = float(bias.max() - bias.min())
    yield graded("head_bias", spread, found.head, odds=readable(math.exp(min(spread, 50))),
                 most=str(int(bias.argmax())), least=str(int(bias.argmin())))  # fmt: skip


def weight_health(layers: Mapping[str, nn.Conv2d | nn.Linear]) -> dict[str, LayerHealth]:
    """Measure the weights of every convolution and linear layer."""
    return {name: _health(name, module) for name, module in layers.items()}


def dead_filters(module: nn.Conv2d) -> float:
    """The share of filters whose norm is less than a thousandth of the median norm."""
    norms = module.weight.detach().float().flatten(1).norm(dim=1)
    nonzero = norms[norms > 0]
    if not len(nonzero):
        return 1.0
    return float((norms < _DEAD * nonzero.median()).float().mean())


def _health(name: str, module: nn.Conv2d | nn.Linear) -> LayerHealth:
    kind = "linear" if isinstance(module, nn.Linear) else "convolution"
    weight = module.weight.detach().float().flatten(1)
    if not is_finite(weight):
        return LayerHealth(name, kind)
    spectral = _spectral_norm(weight)
    squared = float(weight.square().sum())
    return LayerHealth(
        name,
        kind,
        weight_rms=float(weight.square().mean().sqrt()),
        spectral_norm=spectral,
        stable_rank=squared / spectral**2 if spectral else None,
        dead_filters=dead_filters(module) if isinstance(module, nn.Conv2d) else None,
    )


def _spectral_norm(weight: Float[Tensor, "out in"]) -> float:
    """||W||_2, the root of the largest eigenvalue of W W^T or W^T W, whichever is smaller.

    Half as many digits as a singular value decomposition has, in a tenth of its time.
    """
    size = float(weight.abs().max())
    if not size:
        return 0.0
    scaled = weight / size  # squares neither overflow nor vanish
    wide = scaled.shape[0] <= scaled.shape[1]
    gram = scaled @ scaled.T if wide else scaled.T @ scaled
    return size * float(torch.linalg.eigvalsh(gram)[-1].clamp_min(0).sqrt())


def _not_finite(tensors: Mapping[str, Tensor]) -> dict[str, float]:
    counted: dict[str, float] = defaultdict(float)
    for key, value in tensors.items():
        wrong = 0.0 if is_finite(value) else float((~torch.isfinite(value.float())).sum())
        counted[key.rpartition(".")[0]] += wrong
    return counted


def _constant(weight: Tensor) -> bool:
    return weight.numel() > 1 and bool((weight == weight.flatten()[0]).all())


def _twins(module: nn.Conv2d) -> float:
    """The share of filters that are a multiple of another filter."""
    rows = module.weight.detach().float().flatten(1)
    norms = rows.norm(dim=1, keepdim=True)
    directions = rows[(norms > 1e-8).squeeze(1)] / norms[norms > 1e-8].unsqueeze(1)
    if len(directions) < 2 or directions.shape[1] < 4 or not torch.isfinite(directions).all():
        return 0.0
    cosines = (directions @ directions.T).abs().fill_diagonal_(0)
    return float((cosines.max(1).values > _TWIN).float().mean())


def _scales(convolutions: Mapping[str, nn.Conv2d]) -> dict[str, float]:
    """RMS weight of each convolution over the median of the convolutions of the same shape."""
    sizes: dict[tuple[int, ...], dict[str, float]] = defaultdict(dict)
    for name, module in convolutions.items():
        size = float(module.weight.detach().float().square().mean().sqrt())
        if math.isfinite(size):
            sizes[tuple(module.weight.shape)][name] = size
    relative: dict[str, float] = {}
    for group in sizes.values():
        median = sorted(group.values())[len(group) // 2]
        if len(group) > 2 and median > 0:
            relative |= {name: size / median for name, size in group.items()}
    return relative or dict.fromkeys([*convolutions][:1], 1.0)


def _precision(layers: Mapping[str, nn.Conv2d | nn.Linear]) -> Iterator[CheckFinding]:
    """Find weights that were rounded to half precision, or to few values, before saving."""
    weights = {name: module.weight.detach().float() for name, module in layers.items()}
    large = {name: w for name, w in weights.items() if w.numel() >= 1000 and not _constant(w)}
    halved = [name for name, w in large.items() if _is_rounded(w)]
    few = [name for name, w in large.items() if _has_few_values(w)]
    if few:
        yield graded("quantised", float(len(few)), few[0], note=True, layers=str(len(few)))
    elif large and len(halved) == len(large):
        yield graded("half_precision", float(len(halved)), note=True, layers=str(len(halved)))


def _has_few_values(weight: Float[Tensor, "..."]) -> bool:
    """Whether there are few distinct values; most weights show in a sample that there are not."""
    some = weight.flatten()[:_SAMPLE]
    return all(len(torch.unique(values)) <= _FEW_VALUES for values in (some, weight))


def _is_rounded(weight: Float[Tensor, "..."]) -> bool:
    some = weight.flatten()[:_SAMPLE]
    return any(
        all(bool((values.to(kind).float() == values).all()) for values in (some, weight))
        for kind in (torch.float16, torch.bfloat16)
    )
