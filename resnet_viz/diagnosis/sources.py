"""What can be diagnosed: a weights file, a state dict, or a network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from torch import Tensor, nn

from resnet_viz.checkpoints.reading.read import read_weights
from resnet_viz.checkpoints.reading.state_dict import StateDict, unwrap
from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec

#: A path; a state dict, bare or in a dictionary; or a network.
Checkpoint: TypeAlias = str | Path | Mapping[str, Any] | nn.Module

_DEEPEST = 8  # nested dictionaries


@dataclass(frozen=True, eq=False)
class Source:
    """The weights to diagnose.

    Parameters
    ----------
    name
        Name of the file, or of the network's class.
    weights
        Its tensors; those of a network or a state dict share their memory and are only read.
    file
        Path of the file; "" without one.
    spec
        The network, if the source is one of this library's or the caller named it.

    """

    name: str
    weights: StateDict
    file: str
    spec: NetworkSpec | None


def read_source(
    source: object,
    *,
    spec: NetworkSpec | None = None,
    skip: tuple[str, ...] = (),
    copy: str = "",
) -> Source:
    """Read the weights of a file, a state dict or a network; parameters as ``diagnose``.

    Raises ``CheckpointError`` as ``read_weights``, and for anything else that is given.
    """
    if isinstance(source, (str, Path)):
        name, file = safe_name(Path(source).name), str(source)
        weights = read_weights(source, copy)
    elif isinstance(source, nn.Module):
        name, file = type(source).__name__, ""
        if isinstance(source, ResNet):
            spec = spec or source.spec
        weights = unwrap(_detached(source.state_dict()), name, copy)
    elif isinstance(source, Mapping):
        name, file = "state dict", ""
        weights = unwrap(_detached(source), name, copy)
    else:
        raise CheckpointError("checkpoint_source", kind=type(source).__name__)
    kept = {key: value for key, value in weights.tensors.items() if key not in skip}
    return Source(name, replace(weights, tensors=kept), file, spec)


def _detached(content: object, depth: int = 0) -> object:
    """The same content with tensors on the CPU and outside of any graph; nothing is changed."""
    if isinstance(content, Tensor):
        return content.detach().cpu().contiguous()
    if isinstance(content, Mapping) and depth < _DEEPEST:
        return {key: _detached(value, depth + 1) for key, value in content.items()}
    if isinstance(content, (list, tuple)) and depth < _DEEPEST:
        return [_detached(value, depth + 1) for value in content]
    return content
