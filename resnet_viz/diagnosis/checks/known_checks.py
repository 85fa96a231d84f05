"""Checks against the bundled networks and pictures: distance of weights, order of the classes."""

from collections.abc import Iterator
from functools import cache

import torch
from torch import nn

from resnet_viz.checkpoints.identifying.identification import Identification
from resnet_viz.checkpoints.load import load
from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.diagnosis.answers import Answers
from resnet_viz.diagnosis.thresholds import graded
from resnet_viz.diagnosis.weighted_layers import layers_of_network
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.records import CheckFinding

_RELATED = 0.7  # relative distance; independently trained networks are 1.3 or more apart
_SURE = 0.7  # mean probability of the predicted class
_MOVED = 3  # layers that are named
_ORDER_FITS = 0.6  # share of right answers in another order of classes; chance: about 0.25


@cache
def _bundled(name: str) -> nn.Module:
    return load(NetworkRef.parse(f"{name}:bundled")).network


def known_findings(
    identification: Identification, known: Answers | None, *, alike: bool
) -> Iterator[CheckFinding]:
    """Compare a network with the bundled weights, and its answers with known classes.

    ``alike``: the layers' statistics agree with the pictures, so the network was trained on such.
    """
    yield from _distance(identification.network)
    if known is not None:
        yield from _class_order(known, identification.classes, alike=alike)


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


def _class_order(
    known: Answers, classes: tuple[str, ...], *, alike: bool
) -> Iterator[CheckFinding]:
    """Check for confident wrong answers to pictures whose class is known.

    They mean that the classes have another order, or that the network was trained on other data.
    """
    other_order = known.renamed >= _ORDER_FITS and known.renamed > known.right + _ORDER_FITS / 2
    if known.sure < _SURE and not other_order:
        return
    case = order_case(known, classes) if other_order else "head" if alike else ""
    yield graded(
        "class_order",
        known.right,
        case=case,
        right=str(round(known.right * known.images)),
        count=str(known.images),
        note=False,
        **order_words(known, classes),
    )


def order_case(known: Answers, classes: tuple[str, ...]) -> str:
    """How the best order of classes differs: shifted, the order of names as text, or else."""
    if known.shift is not None:
        return "shifted"
    by_number = numeric_order(classes)
    if by_number is not None and known.order == by_number:
        return "numeric"
    return "order"


def numeric_order(names: tuple[str, ...]) -> tuple[int, ...] | None:
    """The place of each name in order of number, for names that are numbers in order of text."""
    if not all(name.isdecimal() for name in names):
        return None
    ascending = sorted(names, key=int)
    places = tuple(ascending.index(name) for name in names)
    return places if places != tuple(range(len(names))) else None


def order_words(known: Answers, classes: tuple[str, ...]) -> dict[str, str]:
    """The words of a finding about the order of classes."""
    moved = [(place, output) for place, output in enumerate(known.order) if place != output]
    shown = ", ".join(f"{classes[i]} → {classes[j]}" for i, j in moved[:3])
    size = len(known.order)
    shift = known.shift or 0
    return {
        "share": f"{known.renamed:.1%}",
        "pairs": shown or "-",
        "shift": f"{shift if shift <= size // 2 else shift - size:+d}",
    }
