"""What a safetensors file says about itself, read without its weights and without torch."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from resnet_viz.core.converter import JsonObject
from resnet_viz.core.errors import CheckpointError
from resnet_viz.records import Footing, footing_of

_MOST_HEADER = 4_000_000  # bytes that are parsed at once; ResNet-1202 and its curve need 1 MB


def file_metadata(path: Path) -> JsonObject:
    """Read the metadata of a safetensors file.

    Raises ``CheckpointError`` if it cannot be read.
    """
    try:
        with path.open("rb") as opened:
            if int.from_bytes(opened.read(8), "little") > _MOST_HEADER:
                raise CheckpointError("checkpoint_metadata", name=path.name)
        with safe_open(path, framework="numpy") as file:
            return {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError("checkpoint_metadata", name=path.name) from error


def file_footing(path: Path) -> Footing | None:
    """How the network of a weights file was trained; None if the file does not say so."""
    try:
        return footing_of(file_metadata(path))
    except CheckpointError:
        return None
