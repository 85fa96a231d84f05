"""The weights files that the package contains, and what they say, without their weights."""

from functools import lru_cache
from pathlib import Path

from resnet_viz.checkpoints.reading.file_metadata import file_metadata
from resnet_viz.core.converter import JsonObject
from resnet_viz.core.places import ASSETS
from resnet_viz.records import Footing, footing_of


def bundled_file(name: str) -> Path:
    """The weights file of a bundled network; it need not be there."""
    return ASSETS / "checkpoints" / f"{name}.safetensors"


def bundled_names() -> list[str]:
    """Names of the networks with bundled weights: "plain20", "resnet20", ..."""
    return sorted(path.stem for path in (ASSETS / "checkpoints").glob("*.safetensors"))


@lru_cache(maxsize=64)
def bundled_metadata(name: str) -> JsonObject:
    """The metadata of a bundled network's file: spec, training, curve."""
    return file_metadata(bundled_file(name))


def bundled_footing(name: str) -> Footing | None:
    """How a network's bundled weights were trained; None if there are none."""
    return footing_of(bundled_metadata(name)) if bundled_file(name).is_file() else None
