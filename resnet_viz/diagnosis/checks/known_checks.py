"""Checks against the bundled networks and photographs: distance of weights, known classes."""

from collections.abc import Iterator
from functools import cache

import torch
from torch import nn

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.diagnosis.weighted_layers import layers_of_network
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import CheckFinding

_RELATED = 0.7  # relative distance; independently trained networks are 1.3 or more apart
_SURE = 0.7  # mean probability of the predicted class
_MOVED = 3  # layers that are named


@cache
def _bundled(name: str) -> nn.Module:
    return load(NetworkRef.parse(f"{name}:bundled")).network


def known_findings(identification: Identification) -> Iterator[CheckFinding]:
    """Compare a network with the bundled weights, and its predictions with known photographs."""
    yield from _distance(identification.network)
    yield from _class_order(identification)


def _distance(network: ResNet) -> Iterator[CheckFinding]:
    """Check whether the weights are those of a bundled network, or were trained from them."""
    name = network.spec.name
    if name not in bundled_names():
        return
    moved = distances(network, _bundled(name))
    largest = sorted(moved, key=lambda layer: -moved[layer])[:_MOVED]
    median = sorted(moved.values())[len(moved) // 2]
    if median > _RELATED:
        return
    shown = ", ".join(f"{layer} ({moved[layer]:.0%})" for layer in largest if moved[layer] > 0)
    yield graded("known_checkpoint", median, note=True, name=name, layers=shown or "-")


def distances(network: nn.Module, other: nn.Module) -> dict[str, float]:
    """||W - W'|| / ||W'|| by layer, for two networks of the same spec; W' is from ``other``."""
    other_layers = layers_of_network(other).layers
    moved = {}
    with torch.no_grad():
        for name, module in layers_of_network(network).layers.items():
            weight, base = module.weight, other_layers[name].weight
            moved[name] = float((weight - base).norm() / base.norm())
    return moved


def _class_order(identification: Identification) -> Iterator[CheckFinding]:
    """Check for confident wrong predictions on photographs whose class is known.

    They mean that the classes have another order, or that the network was trained on other data.
    """
    if identification.classes != CIFAR10_CLASSES or identification.spec.input_channels != 3:
        return
    labelled = [name for name, sample in samples().items() if sample.label in CIFAR10_CLASSES]
    pixels = [seen(sample_picture(name), identification.preprocessing) for name in labelled]
    with torch.no_grad():
        probabilities = identification.network(
            to_batch(pixels, identification.preprocessing)
        ).softmax(1)
    if not torch.isfinite(probabilities).all() or float(probabilities.max(1).values.mean()) < _SURE:
        return
    labels = torch.tensor([CIFAR10_CLASSES.index(samples()[name].label) for name in labelled])
    accuracy = float((probabilities.argmax(1) == labels).float().mean())
    yield graded(
        "class_order",
        accuracy,
        right=str(round(accuracy * len(labelled))),
        count=str(len(labelled)),
    )
