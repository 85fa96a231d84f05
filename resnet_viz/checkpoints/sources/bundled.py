"""The trained networks that the package contains."""

from dataclasses import replace

from resnet_viz.checkpoints.load_file import load_checkpoint
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.sources.bundled_files import bundled_file, bundled_names
from resnet_viz.core.errors import CheckpointError
from resnet_viz.records import WeightSource


def bundled_network(name: str) -> LoadedNetwork:
    """Load a bundled network by its preset's name; ``CheckpointError`` if it is not bundled."""
    if name not in bundled_names():
        known = ", ".join(bundled_names())
        raise CheckpointError("bundled_unknown", name=name, known=known)
    loaded = load_checkpoint(bundled_file(name))
    return replace(loaded, source=WeightSource.BUNDLED, weights=WeightSource.BUNDLED.value)
