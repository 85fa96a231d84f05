"""Find out how the input of a network was normalised, from its running statistics."""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnet_viz.checkpoints.identifying.bn_consistency import flow_score, layer_score
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import (
    CIFAR_PREPROCESSING,
    IMAGENET_PREPROCESSING,
    ChannelOrder,
    Preprocessing,
    preprocessing_for,
)
from resnet_viz.pictures.samples import SMALL, photographs
from resnet_viz.spec import NetworkSpec, Order, Stem

#: Normalisations whose first-layer scores differ by less are compared over all layers.
CLOSE = 0.25

#: Mean and standard deviation of the usual normalisations, for pixels in [0, 1].
NORMALISATIONS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "cifar": (CIFAR_PREPROCESSING.mean, CIFAR_PREPROCESSING.deviation),
    "imagenet": (IMAGENET_PREPROCESSING.mean, IMAGENET_PREPROCESSING.deviation),
    "minus_one_to_one": ((0.5,) * 3, (0.5,) * 3),
    "zero_to_one": ((0.0,) * 3, (1.0,) * 3),
    "zero_to_255": ((0.0,) * 3, (1 / 255,) * 3),
    "cifar_small_deviations": (CIFAR_PREPROCESSING.mean, (0.2023, 0.1994, 0.2010)),
    "mean_alone": (IMAGENET_PREPROCESSING.mean, (1.0,) * 3),
    "mean_of_255_alone": (IMAGENET_PREPROCESSING.mean, (1 / 255,) * 3),
}
#: "mean_of_255_alone" in the order BGR, which photographs do not tell: it is taken where a network
#: is known to be trained so.
CAFFE = "caffe"
_CAFFE_IN_RGB = "mean_of_255_alone"
#: Taken only where they fit this much better than the others: photographs hardly tell them.
_RARE = ("cifar_small_deviations", "mean_alone", "mean_of_255_alone")
_MARGIN = 1.25
_EACH = 2  # of large pictures: every second


def normalised_by(spec: NetworkSpec, normalisation: str) -> Preprocessing:
    """The default preprocessing of a spec, with its mean and deviation from ``NORMALISATIONS``."""
    usual = preprocessing_for(spec)
    if normalisation == CAFFE:
        return replace(normalised_by(spec, _CAFFE_IN_RGB), order=ChannelOrder.BGR)
    if normalisation not in NORMALISATIONS:
        return usual
    mean, deviation = NORMALISATIONS[normalisation]
    return replace(usual, mean=mean, deviation=deviation)


def of_keras(spec: NetworkSpec, scores: Mapping[str, float], best: str) -> str:
    """The normalisation of a Keras file: keras.applications' first ResNets expect Caffe's input.

    They have biases and a 7x7 stem, and normalise behind their convolutions.
    """
    theirs = spec.stem is Stem.IMAGENET and spec.bias and spec.order is Order.POST
    near = scores.get(_CAFFE_IN_RGB, math.inf) <= scores.get(best, math.inf) + CLOSE
    return CAFFE if theirs and near and spec.input_channels == 3 else best


def best_normalisation(spec: NetworkSpec, scores: Mapping[str, float]) -> str:
    """The normalisation with the lowest score; without scores, the default for the stem."""
    usual = "imagenet" if spec.stem is not Stem.CIFAR else "cifar"
    ranked = {name: score for name, score in scores.items() if not math.isnan(score)}
    return min(ranked, key=lambda name: _rank(name, ranked[name])) if ranked else usual


def best_over_all_layers(network: ResNet, scores: Mapping[str, float], best: str) -> str:
    """Choose between normalisations with close first-layer scores by the score of all layers."""
    close = [name for name, score in scores.items() if score <= scores[best] + CLOSE]
    if len(close) < 2:
        return best
    flow = {n: flow_score(network, _some(normalised_by(network.spec, n))) for n in close}
    return min(close, key=lambda name: _rank(name, flow[name]))


def _some(preprocessing: Preprocessing) -> Float[Tensor, "batch channel height width"]:
    """Photographs for a comparison on the same pictures, which needs few large ones."""
    batch = photographs(preprocessing)
    return batch if preprocessing.size <= SMALL else batch[::_EACH]


def _rank(name: str, score: float) -> float:
    return score * _MARGIN if name in _RARE else score


def normalisation_scores(network: ResNet) -> dict[str, float]:
    """Score of the first batch normalisation layer under every normalisation."""
    norms = (m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    norm = next(norms, None)
    if norm is None or network.spec.input_channels != 3:
        return {}
    usual = preprocessing_for(network.spec)
    scores = {}
    for name, (mean, deviation) in NORMALISATIONS.items():
        batch = photographs(replace(usual, mean=mean, deviation=deviation))
        scores[name] = layer_score(norm, before_first_norm(network, batch))
    return scores


def before_first_norm(
    network: ResNet, batch: Float[Tensor, "batch channel height width"]
) -> Float[Tensor, "batch c h w"]:
    """What the first batch normalisation gets."""
    with torch.no_grad():
        value: Tensor = batch
        for part in network.stem:
            module = network.get_submodule(part)
            if isinstance(module, nn.BatchNorm2d):
                break
            value = module(value)
    return value
