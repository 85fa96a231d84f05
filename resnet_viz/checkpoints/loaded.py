"""``Loaded``: a network with its weights, classes, preprocessing and origin."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from torch import nn

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import NetworkError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.records import Footing, WeightSource, footing_of
from resnet_viz.spec import NetworkSpec, ZooSpec


@dataclass(frozen=True, eq=False, repr=False)
class Loaded:
    """Any network in evaluation mode. It is shared between threads and must not be changed.

    Parameters
    ----------
    network
        The module.
    source
        Where the weights come from.
    weights
        A name of the weights to show: the source, or the name of the file.
    classes
        Class names, in the order of the outputs.
    preprocessing
        How the network expects its input.
    training
        What the file records about the training (recipe, seed, epoch); {} if nothing is known.
    path
        The weights file, if there is one.

    """

    network: nn.Module
    source: WeightSource
    weights: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    training: JsonObject
    path: Path | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        where = f", {self.path.name}" if self.path is not None else ""
        return (
            f"{type(self).__name__}({self.spec.name}, {self.weights} weights{where}, "
            f"{len(self.classes)} classes, {self.preprocessing.size} pixels)"
        )

    @property
    def spec(self) -> NetworkSpec | ZooSpec:
        """The network's spec."""
        raise NotImplementedError

    @property
    def footing(self) -> Footing | None:
        """How it was trained and what it reached; None for weights that say nothing about it."""
        trained_here = self.source in (WeightSource.BUNDLED, WeightSource.FILE)
        return footing_of(self.training) if trained_here else None

    @property
    def resnet(self) -> ResNet:
        """The network as a ``ResNet``; ``NetworkError`` for one that this library did not build."""
        raise NetworkError("network_own_only", name=self.spec.name)

    @cached_property
    def digest(self) -> str:
        """A fingerprint of spec and weights (BLAKE2b, 128 bits)."""
        fingerprint = hashlib.blake2b(repr(self.spec).encode(), digest_size=16)
        for value in self.network.state_dict().values():
            fingerprint.update(value.cpu().contiguous().numpy().tobytes())
        return fingerprint.hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class LoadedNetwork(Loaded):
    """A network of this library."""

    network: ResNet

    @property
    def spec(self) -> NetworkSpec:
        """The spec that the network was built from."""
        return self.network.spec

    @property
    def resnet(self) -> ResNet:
        """The network."""
        return self.network


@dataclass(frozen=True, eq=False, repr=False)
class LoadedZoo(Loaded):
    """An unmodified torchvision network. It has no plain twin."""

    form: ZooSpec

    @property
    def spec(self) -> ZooSpec:
        """The network's form, with its number of classes."""
        return self.form
