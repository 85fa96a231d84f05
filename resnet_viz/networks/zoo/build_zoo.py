"""The networks of the catalog as modules, their preprocessing, and their classes."""

import torch
from torch import nn

from resnet_viz.networks.allocation import allocate
from resnet_viz.networks.zoo.catalog import zoo_row
from resnet_viz.networks.zoo.lenet import LeNet, LeNetSpec
from resnet_viz.networks.zoo.random_weights import draw
from resnet_viz.networks.zoo.torchvision_names import build_named, weights_named
from resnet_viz.pictures.preprocess import IMAGENET_PREPROCESSING, Preprocessing


def build_zoo(name: str, classes: int | None = None, *, seed: int = 0) -> nn.Module:
    """Build an untrained network of the catalog, in training mode.

    ``classes`` is the number of outputs, by default as in the source; ``seed`` decides every
    weight. The global random state is neither read nor changed.
    """
    network = zoo_without_weights(name, classes)
    allocate(network)
    draw(network, seed)
    return network


def zoo_without_weights(name: str, classes: int | None = None) -> nn.Module:
    """The network on the meta device: shapes without memory."""
    row = zoo_row(name)
    outputs = classes or row.classes
    with torch.device("meta"):
        if row.weights is None:
            return LeNet(LeNetSpec(classes=outputs))
        return build_named(name, num_classes=outputs, **row.options)


def zoo_preprocessing(name: str) -> Preprocessing:
    """The preprocessing of the published weights; for LeNet-5, grey images as in MNIST."""
    row = zoo_row(name)
    if row.weights is None:
        return Preprocessing(row.input_size, row.input_size, (0.1307,), (0.3081,))
    usual = weights_named(row.weights).transforms()
    mean, deviation = IMAGENET_PREPROCESSING.mean, IMAGENET_PREPROCESSING.deviation
    return Preprocessing(usual.crop_size[0], usual.resize_size[0], mean, deviation)


def zoo_classes(name: str) -> tuple[str, ...]:
    """ImageNet's classes; the digits for LeNet-5."""
    row = zoo_row(name)
    if row.weights is None:
        return tuple(str(number) for number in range(row.classes))
    return tuple(weights_named(row.weights).meta["categories"])
