"""A network with its weights, and all that is known about both."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from torch import nn

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import NetworkError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.preprocess import Preprocessing
from resnet_viz.records import WeightSource
from resnet_viz.spec import NetworkSpec, ZooSpec


@dataclass(frozen=True, eq=False)
class Loaded:
    """Any network in evaluation mode, ready to be analysed; shared between threads, never changed.

    ``weights`` says in one word, or a file's name, what the weights are. ``training`` is what the
    file says of how they came to be; {} where nothing is known.
    """

    network: nn.Module
    source: WeightSource
    weights: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    training: JsonObject
    path: Path | None = field(default=None, kw_only=True)  # of the file, where there is one

    @property
    def spec(self) -> NetworkSpec | ZooSpec:
        """What the network is."""
        raise NotImplementedError

    @property
    def resnet(self) -> ResNet:
        """The network, where it is one of this library's; else ``NetworkError``."""
        raise NetworkError("network_own_only", name=self.spec.name)

    @cached_property
    def digest(self) -> str:
        """A fingerprint of spec and weights (BLAKE2b, 128 bits)."""
        fingerprint = hashlib.blake2b(repr(self.spec).encode(), digest_size=16)
        for value in self.network.state_dict().values():
            fingerprint.update(value.cpu().contiguous().numpy().tobytes())
        return fingerprint.hexdigest()


@dataclass(frozen=True, eq=False)
class LoadedNetwork(Loaded):
    """A network of this library."""

    network: ResNet

    @property
    def spec(self) -> NetworkSpec:
        """What the network was built from."""
        return self.network.spec

    @property
    def resnet(self) -> ResNet:
        """The network."""
        return self.network


@dataclass(frozen=True, eq=False)
class LoadedZoo(Loaded):
    """Torchvision's network, taken as it is; it has no plain twin."""

    form: ZooSpec

    @property
    def spec(self) -> ZooSpec:
        """Its row of the catalog."""
        return self.form
