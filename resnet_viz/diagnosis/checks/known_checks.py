"""What the bundled networks and photographs add: distance from them, and known answers."""

from collections.abc import Iterator
from functools import cache

import torch
from torch import nn

from resnet_viz.checkpoints.identifying.identify import Identification
from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.diagnosis.checks.weight_checks import weighted
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.networks.zoo.labels import CIFAR10_CLASSES
from resnet_viz.pictures.preprocess import seen, to_batch
from resnet_viz.pictures.samples import sample_picture, samples
from resnet_viz.records import CheckFinding

_RELATED = 0.7  # relative distance; independently trained networks are 1.3 or more apart
_SURE = 0.7  # mean probability of the answer
_MOVED = 3  # layers that are named


@cache
def _bundled(name: str) -> nn.Module:
    return load(NetworkRef.parse(f"{name}:bundled")).network


def known_findings(found: Identification) -> Iterator[CheckFinding]:
    """Checks against what is in the repository."""
    yield from _distance(found.network)
    yield from _class_order(found)


def _distance(network: ResNet) -> Iterator[CheckFinding]:
    """Whether the weights are those of a bundled network, or began there."""
    name = network.spec.name
    if name not in bundled_names():
        return
    moved = distances(network, _bundled(name))
    largest = sorted(moved, key=lambda layer: -moved[layer])[:_MOVED]
    middle = sorted(moved.values())[len(moved) // 2]
    if middle > _RELATED:
        return
    shown = ", ".join(f"{layer} ({moved[layer]:.0%})" for layer in largest if moved[layer] > 0)
    yield graded("known_checkpoint", middle, note=True, name=name, layers=shown or "-")


def distances(network: nn.Module, other: nn.Module) -> dict[str, float]:
    """||W - W'|| / ||W'|| of every layer of two networks of one spec."""
    theirs = weighted(other)
    moved = {}
    with torch.no_grad():
        for name, module in weighted(network).items():
            own, base = module.weight, theirs[name].weight
            moved[name] = float((own - base).norm() / base.norm())
    return moved


def _class_order(found: Identification) -> Iterator[CheckFinding]:
    """Sure and wrong on photographs whose class is known: another order of classes, or data."""
    if found.classes != CIFAR10_CLASSES or found.spec.input_channels != 3:
        return
    labelled = [name for name, sample in samples().items() if sample.label in CIFAR10_CLASSES]
    pixels = [seen(sample_picture(name), found.preprocessing) for name in labelled]
    with torch.no_grad():
        shares = found.network(to_batch(pixels, found.preprocessing)).softmax(1)
    if not torch.isfinite(shares).all() or float(shares.max(1).values.mean()) < _SURE:
        return
    wanted = torch.tensor([CIFAR10_CLASSES.index(samples()[name].label) for name in labelled])
    right = float((shares.argmax(1) == wanted).float().mean())
    yield graded(
        "class_order", right, right=str(round(right * len(labelled))), count=str(len(labelled))
    )
