"""``load_checkpoint``: read a weights file, identify its network and load it."""

from dataclasses import replace
from pathlib import Path

from resnet_viz.checkpoints.identifying.identify import identify
from resnet_viz.checkpoints.loaded import LoadedNetwork
from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec


def load_checkpoint(
    path: str | Path, spec: NetworkSpec | None = None, *, skip: tuple[str, ...] = (), copy: str = ""
) -> LoadedNetwork:
    """Load the network of a weights file, in evaluation mode.

    Files written by this library contain their spec. The network of any other file is ``spec``, or
    is identified: shapes and order of the tensors determine the architecture, whatever the tensors
    are called, and the running statistics tell a plain network from a residual one.

    Parameters
    ----------
    path
        A file of PyTorch, safetensors or ONNX; see ``read_weights``.
    spec
        The network of a file that does not contain its spec.
    skip
        Names of tensors to ignore. Tensors beside the network (losses, metrics) are ignored anyway.
    copy
        Name of the set of weights to load, if the file has several; see ``read_weights``.

    Returns
    -------
    LoadedNetwork
        The network, its classes and its preprocessing.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is unsafe, fits no network, or leaves open whether the network
        is plain or residual.

    """
    path = Path(path)
    weights = read_weights(path, copy)
    tensors = {key: value for key, value in weights.tensors.items() if key not in skip}
    return identify(replace(weights, tensors=tensors), safe_name(path.name), spec).loaded()
