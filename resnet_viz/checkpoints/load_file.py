"""A weights file to a network: read, identified, and filled."""

from dataclasses import replace
from pathlib import Path

from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec


def load_checkpoint(
    path: str | Path, spec: NetworkSpec | None = None, *, skip: tuple[str, ...] = ()
) -> LoadedNetwork:
    """The network of any weights file, in evaluation mode.

    A file written by this library says what it is. For any other, ``spec`` says it, or it is found
    out: shapes and order tell the network, whatever the names, and the running statistics tell a
    plain network from a residual one. Every tensor must find its place, but for those that
    ``skip`` names; the rest is refused with a count. Raises ``CheckpointError``.
    """
    path = Path(path)
    weights = read_weights(path)
    kept = {key: value for key, value in weights.tensors.items() if key not in skip}
    return identify(replace(weights, tensors=kept), safe_name(path.name), spec).loaded()
