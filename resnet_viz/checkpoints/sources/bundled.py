"""The trained networks that the package contains."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from resnet_viz.checkpoints.identifying.metadata import file_metadata
from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.core.places import ASSETS
from resnet_viz.records import Footing, WeightSource, footing_of


def bundled_file(name: str) -> Path:
    """The weights file of a bundled network; it need not be there."""
    return ASSETS / "checkpoints" / f"{name}.safetensors"


def bundled_names() -> list[str]:
    """Names of the networks with bundled weights: "plain20", "resnet20", ..."""
    return sorted(path.stem for path in bundled_file("").parent.glob("*.safetensors"))


def bundled_network(name: str) -> LoadedNetwork:
    """Load a bundled network by its preset's name; ``CheckpointError`` if it is not bundled."""
    if name not in bundled_names():
        known = ", ".join(bundled_names())
        raise CheckpointError("bundled_unknown", name=name, known=known)
    loaded = load_checkpoint(bundled_file(name))
    return replace(loaded, source=WeightSource.BUNDLED, weights=WeightSource.BUNDLED.value)


@lru_cache(maxsize=64)
def bundled_metadata(name: str) -> JsonObject:
    """The metadata of a bundled network's file, without its weights: spec, training, curve."""
    return file_metadata(bundled_file(name))


def bundled_footing(name: str) -> Footing | None:
    """How a network's bundled weights were trained; None if there are none."""
    return footing_of(bundled_metadata(name)) if bundled_file(name).is_file() else None
