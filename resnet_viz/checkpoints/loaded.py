"""A network with its weights, and all that is known about both."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from resnet_viz.images import Preprocessing
from resnet_viz.networks.resnet import ResNet
from resnet_viz.records import WeightSource


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network in evaluation mode, ready to be analysed; shared between threads, never changed.

    ``weights`` says in one word, or a file's name, what the weights are. ``training`` is what the
    file says of how they came to be; {} where nothing is known.
    """

    network: ResNet
    source: WeightSource
    weights: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    training: Mapping[str, Any]
    path: Path | None = None  # of the file, where there is one

    @cached_property
    def digest(self) -> str:
        """A fingerprint of spec and weights (BLAKE2b, 128 bits)."""
        fingerprint = hashlib.blake2b(repr(self.network.spec).encode(), digest_size=16)
        for value in self.network.state_dict().values():
            fingerprint.update(value.cpu().contiguous().numpy().tobytes())
        return fingerprint.hexdigest()
