"""Build a network from a spec and its tensors; names and shapes must match exactly."""

from collections.abc import Mapping

import torch
from torch import Tensor

from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet, filled
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec


def fill(spec: NetworkSpec, weights: Mapping[str, Tensor], name: str) -> ResNet:
    """Build the network of ``spec`` with exactly these weights, in evaluation mode.

    Parameters
    ----------
    spec
        The network to build.
    weights
        Tensors by the names of ``ResNet.state_dict``.
    name
        The file's name, for errors.

    Raises
    ------
    CheckpointError
        If a tensor is missing, left over or of another shape.

    """
    with torch.device("meta"):  # a file may claim terabytes: compare shapes before allocating
        network = ResNet(spec)
    return filled(network, matched(network.state_dict(), weights, spec.name, name)).eval()


def matched(
    own: Mapping[str, Tensor], weights: Mapping[str, Tensor], network: str, name: str
) -> dict[str, Tensor]:
    """Check that weights fit a network, and add the batch counters that old files lack.

    Parameters
    ----------
    own
        The network's state dict; only names and shapes are read, so it may be on ``meta``.
    weights
        The tensors of the file.
    network, name
        Names of the network and the file, for errors.

    Returns
    -------
    dict
        The weights, with a zero for each missing ``num_batches_tracked``.

    Raises
    ------
    CheckpointError
        If a name or a shape differs. It counts the matches and names the first mismatch.

    """
    complete = dict(weights)
    for key in own:
        if key.endswith("num_batches_tracked"):
            complete.setdefault(key, torch.zeros((), dtype=torch.long))
    fitting = [k for k in own if k in complete and own[k].shape == complete[k].shape]
    wrong = [k for k in own if k not in fitting] + [k for k in complete if k not in own]
    if wrong:
        raise CheckpointError(
            "checkpoint_mismatch",
            name=name,
            network=network,
            matched=len(fitting),
            total=len(own),
            first=safe_name(wrong[0]),
        )
    return complete
