"""Single corruptions of a healthy file, drawn at random, and what has to be said of each first."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_viz import NetworkSpec, build
from resnet_viz.pictures.preprocess import CIFAR_PREPROCESSING
from resnet_viz.pictures.samples import sample_batch

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Expected:
    """The checks of which one has to come first, and the layers of which it may name one."""

    checks: tuple[str, ...]
    layers: tuple[str | None, ...] = ()


def convolutions(weights: Mapping[str, Tensor], least: int = 0) -> list[str]:
    return [k.removesuffix(".weight") for k, v in weights.items()
            if v.ndim == 4 and v.numel() >= least and ".downsample" not in k]  # fmt: skip


def norms(weights: Mapping[str, Tensor]) -> list[str]:
    return [k.removesuffix(".running_var") for k in weights if k.endswith(".running_var")]


def head(weights: Mapping[str, Tensor]) -> str:
    return [k for k, v in weights.items() if v.ndim == 2][-1].removesuffix(".weight")


def norm_of(convolution: str) -> str:
    return convolution.replace("conv", "bn")


def next_norms(weights: Mapping[str, Tensor], layer: str) -> tuple[str, ...]:
    """The layer itself and the next two normalisations, where its change is first seen."""
    names = norms(weights)
    place = names.index(layer)
    return (layer, *names[place : place + 3])


def generator(rng: random.Random) -> torch.Generator:
    return torch.Generator().manual_seed(rng.randrange(2**31))


def around(convolution: str) -> tuple[str, ...]:
    return convolution, norm_of(convolution)


MISMATCH = ("bn_consistency",)


def one_nan(weights, rng):
    key = rng.choice([k for k, v in weights.items() if v.is_floating_point()])
    weights[key].view(-1)[rng.randrange(weights[key].numel())] = rng.choice([math.nan, math.inf])
    return Expected(("not_finite",), (key.rpartition(".")[0],))


def nan_statistics(weights, rng):
    name = rng.choice(norms(weights))
    weights[f"{name}.{rng.choice(['running_mean', 'running_var'])}"].fill_(math.nan)
    return Expected(("not_finite",), (name,))


def wild_weight(weights, rng):
    name = rng.choice([*convolutions(weights), head(weights)])
    weight = weights[f"{name}.weight"]
    weight.view(-1)[rng.randrange(weight.numel())] = 10 ** rng.uniform(3, 30)
    return Expected(("wild_weight",), (name,))


def redrawn(weights, rng):
    name = rng.choice(convolutions(weights, 1000))
    weight = weights[f"{name}.weight"]
    fan = weight.shape[0] * 9 if rng.random() < 0.5 else weight[0].numel()
    weight.normal_(0, math.sqrt(2 / fan), generator=generator(rng))
    return Expected(("fresh_layer",), (name,))


def redrawn_uniform(weights, rng):
    name = rng.choice(convolutions(weights, 1000))
    weight = weights[f"{name}.weight"]
    bound = 1 / math.sqrt(weight[0].numel())
    weight.uniform_(-bound, bound, generator=generator(rng))
    return Expected(("fresh_layer",), (name,))


def zero_filters(weights, rng):
    name = rng.choice(convolutions(weights))
    weight = weights[f"{name}.weight"]
    count = max(1, round(rng.uniform(0.02, 0.7) * len(weight)))
    weight[rng.sample(range(len(weight)), count)] = 0
    return Expected(("dead_filters",), (name,))


def constant_layer(weights, rng):
    name = rng.choice(convolutions(weights))
    weights[f"{name}.weight"].fill_(rng.choice([0.0, 0.01]))
    return Expected(("zero_layer", "dead_branch"), (name,))


def duplicated(weights, rng):
    name = rng.choice(convolutions(weights))
    weight = weights[f"{name}.weight"]
    half = len(weight) // 2
    weight[half : 2 * half] = weight[:half]
    return Expected(("duplicate_filters",), (name,))


def rescaled(weights, rng):
    name = rng.choice(convolutions(weights))
    weights[f"{name}.weight"].mul_(rng.choice([0.02, 0.1, 5.0, 50.0]))
    return Expected(("weight_scale", "preprocessing", *MISMATCH), (None, *around(name)))


def sign_flipped(weights, rng):
    name = rng.choice(convolutions(weights))
    weights[f"{name}.weight"].neg_()
    return Expected(MISMATCH, around(name))


def filters_shuffled(weights, rng):
    name = rng.choice(convolutions(weights))
    weight = weights[f"{name}.weight"]
    weight.copy_(weight[torch.randperm(len(weight), generator=generator(rng))])
    return Expected(MISMATCH, around(name))


def noisy(weights, rng):
    name = rng.choice(convolutions(weights))
    weight = weights[f"{name}.weight"]
    noise = torch.randn(weight.shape, generator=generator(rng))
    weight.add_(2 * float(weight.std()) * noise)
    return Expected((*MISMATCH, "fresh_layer"), around(name))


def reset_one(weights, rng):
    name = rng.choice(norms(weights))
    weights[f"{name}.running_mean"].zero_()
    weights[f"{name}.running_var"].fill_(1)
    return Expected(("bn_never_trained",), (name,))


def reset_all(weights, rng):
    for name in norms(weights):
        weights[f"{name}.running_mean"].zero_()
        weights[f"{name}.running_var"].fill_(1)
    return Expected(("bn_never_trained",), (norms(weights)[0],))


def stale(weights, rng):
    kept = rng.uniform(0.05, 0.6)
    for name in norms(weights):
        weights[f"{name}.running_mean"].mul_(kept)
        weights[f"{name}.running_var"].mul_(kept).add_(1 - kept)
    return Expected(("bn_consistency_mean",), (None,))


def negative_variance(weights, rng):
    name = rng.choice(norms(weights))
    variance = weights[f"{name}.running_var"]
    variance[rng.randrange(len(variance))] = -rng.uniform(0.01, 5)
    return Expected(("bn_variance",), (name,))


def one_variance(weights, rng):
    name = rng.choice(norms(weights))
    variance = weights[f"{name}.running_var"]
    variance[rng.randrange(len(variance))] *= rng.choice([1e-4, 1e3, 1e5])
    return Expected((*MISMATCH, "bn_variance"), (name,))


def one_mean(weights, rng):
    name = rng.choice(norms(weights))
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    place = rng.randrange(len(mean))
    mean[place] += rng.choice([-8, 8]) * variance[place].sqrt()
    return Expected(MISMATCH, (name,))


def zero_scales(weights, rng):
    name = rng.choice(norms(weights))
    scale = weights[f"{name}.weight"]
    count = max(1, round(rng.uniform(0.02, 1) * len(scale)))
    scale[rng.sample(range(len(scale)), count)] = 0
    return Expected(("bn_scale", "dead_branch"), (name,))


def tiny_stage(weights, rng):
    stage = rng.choice(["layer1", "layer2", "layer3"])
    inside = [n for n in norms(weights) if n.startswith(stage)]
    for name in inside:
        weights[f"{name}.weight"].mul_(1e-3)
    return Expected(("bn_scale",), (inside[0],))


def large_scale(weights, rng):
    name = rng.choice(norms(weights))
    weights[f"{name}.weight"].mul_(10 ** rng.uniform(1.7, 4))
    return Expected(("bn_scale", *MISMATCH), next_norms(weights, name))


def wild_shift(weights, rng):
    name = rng.choice(norms(weights))
    shift = weights[f"{name}.bias"]
    shift[rng.randrange(len(shift))] = 10 ** rng.uniform(2.2, 6)
    return Expected(("wild_weight",), (name,))


def new_head(weights, rng):
    name, classes = head(weights), rng.choice([2, 5, 10, 20])
    width = weights[f"{name}.weight"].shape[1]
    bound = 1 / math.sqrt(width)
    for part, shape in (("weight", (classes, width)), ("bias", (classes,))):
        drawn = torch.empty(shape).uniform_(-bound, bound, generator=generator(rng))
        weights[f"{name}.{part}"] = drawn
    return Expected(("fresh_layer",), (name,))


def classes_moved(weights, rng):
    name = head(weights)
    order = list(range(10))
    if rng.random() < 0.5:
        order = order[1:] + order[:1]
    else:
        while sum(a == b for a, b in enumerate(order)) > 5:
            rng.shuffle(order)
    for part in ("weight", "bias"):
        weights[f"{name}.{part}"] = weights[f"{name}.{part}"][order].clone()
    return Expected(("class_order",), (None,))


def biased_head(weights, rng):
    name = head(weights)
    weights[f"{name}.bias"][rng.randrange(10)] += rng.choice([-9, 9])
    return Expected(("head_bias",), (name,))


def young_average(weights, rng):
    share = rng.uniform(0.5, 0.97)
    depth = 2 * sum(k.endswith("conv1.weight") for k in weights if k.startswith("layer")) + 2
    fresh = build(NetworkSpec.preset(f"resnet{depth}"), seed=rng.randrange(1000)).state_dict()
    for (key, own), new in zip(weights.items(), fresh.values(), strict=False):
        if own.is_floating_point() and own.shape == new.shape:
            weights[key] = share * new + (1 - share) * own
    return Expected(("young", "untrained"), (None,))


def overflowing(weights, rng):
    weights["layer3.2.bn2.weight"].mul_(5e4)
    return Expected(("bn_scale", "activation_range"), ("layer3.2.bn2",))


def bad_batch(weights, rng):
    """A step in training mode with momentum 0.5, on pixels that nobody had normalised."""
    network = build(NetworkSpec.preset("resnet20"), seed=0)
    network.load_state_dict(weights)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.5
    network.train()
    network((sample_batch(CIFAR_PREPROCESSING) * 0.25 + 0.48) * 255)
    weights.update({k: v.clone() for k, v in network.state_dict().items()})
    return Expected(("bn_consistency_mean", "preprocessing", "bn_consistency"), ())


def never_trained(weights, rng):
    weights.update(build(NetworkSpec.preset("resnet20"), seed=rng.randrange(1000)).state_dict())
    return Expected(("untrained",), (None,))


def two_new_classes(weights, rng):
    bound = 1 / math.sqrt(64)
    for part, shape in (("weight", (2, 64)), ("bias", (2,))):
        drawn = torch.empty(shape).uniform_(-bound, bound, generator=generator(rng))
        weights[f"fc.{part}"] = drawn
    return Expected(("fresh_layer",), ("fc",))


def one_zero_filter(weights, rng):
    weights["layer2.1.conv1.weight"][5] = 0
    return Expected(("dead_filters",), ("layer2.1.conv1",))


def shifted_classes(weights, rng):
    for part in ("fc.weight", "fc.bias"):
        weights[part] = weights[part].roll(1, 0)
    return Expected(("class_order",), (None,))


#: One of each important kind, on ResNet-20: the normal test run.
QUICK: Mapping[str, Callable[[Weights, random.Random], Expected]] = {
    function.__name__: function
    for function in (
        nan_statistics, wild_weight, one_zero_filter, negative_variance, tiny_stage, zero_scales,
        two_new_classes, one_variance, sign_flipped, redrawn, reset_one, stale, bad_batch,
        never_trained, young_average, shifted_classes, overflowing, biased_head,
    )
}  # fmt: skip

CORRUPTIONS: Mapping[str, Callable[[Weights, random.Random], Expected]] = {
    function.__name__: function
    for function in (
        one_nan, nan_statistics, wild_weight, redrawn, redrawn_uniform, zero_filters,
        constant_layer, duplicated, rescaled, sign_flipped, filters_shuffled, noisy, reset_one,
        reset_all, stale, negative_variance, one_variance, one_mean, zero_scales, tiny_stage,
        large_scale, wild_shift, new_head, classes_moved, biased_head, young_average,
    )
}  # fmt: skip
