"""``suited``: how the user's own pictures are normalised for a network."""

import math
from dataclasses import replace

from torch import nn

from resnet_viz.checkpoints.identifying.bn_consistency import layer_score
from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.identifying.normalisation import (
    CAFFE,
    CLOSE,
    NORMALISATIONS,
    before_first_norm,
)
from resnet_viz.datasets.dataset import measured
from resnet_viz.diagnosis.user_images import MOST_LOOKED_AT, OwnImages
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import Preprocessing

#: Normalisations that the file itself decides.
_DECIDED = ("described", "file", CAFFE)


def suited(images: OwnImages, identification: Identification) -> tuple[Identification, OwnImages]:
    """Score every normalisation on the user's pictures, and take a clearly better one.

    Photographs are no judge of a network of X-rays or of grey pictures; its own pictures are. The
    pictures' own mean and deviation are one candidate.
    """
    scores = _scores(images, identification)
    if not scores:
        return identification, images
    used = identification.normalisation
    best = min(scores, key=lambda name: scores[name])
    kept = used in _DECIDED or scores.get(used, math.inf) <= scores[best] + CLOSE
    name = used if kept else best
    preprocessing = images.preprocessing if kept else _preprocessing(name, images)
    judged = replace(
        identification, preprocessing=preprocessing, normalisation=name, input_scores=scores
    )
    return judged, replace(images, preprocessing=preprocessing)


def _scores(images: OwnImages, identification: Identification) -> dict[str, float]:
    """The first layer's score under every normalisation; {} if there is nothing to compare."""
    network = identification.network
    norm = next((m for m in network.modules() if isinstance(m, nn.BatchNorm2d)), None)
    if norm is None or not identification.file.has_statistics:
        return {}
    if images.pixels.shape[1] != identification.spec.input_channels:
        return {}
    scores = {
        name: _score(network, norm, replace(images, preprocessing=_preprocessing(name, images)))
        for name in (*NORMALISATIONS, "own")
    }
    if identification.normalisation in _DECIDED:
        scores = {identification.normalisation: _score(network, norm, images), **scores}
    return {name: score for name, score in scores.items() if math.isfinite(score)}


def _score(network: ResNet, norm: nn.BatchNorm2d, images: OwnImages) -> float:
    return layer_score(norm, before_first_norm(network, images.batch()))


def _preprocessing(name: str, images: OwnImages) -> Preprocessing:
    """A usual normalisation, averaged for grey pictures, or that of the pictures themselves."""
    usual = images.preprocessing
    if name == "own":
        own = measured(images.pixels[:: max(1, len(images.pixels) // MOST_LOOKED_AT)])
        return replace(usual, mean=own.mean, deviation=own.deviation)
    mean, deviation = NORMALISATIONS[name]
    channels = images.pixels.shape[1]
    if channels != len(mean):
        mean, deviation = ((sum(each) / len(each),) * channels for each in (mean, deviation))
    return replace(usual, mean=mean, deviation=deviation)
