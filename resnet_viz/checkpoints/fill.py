"""A spec and tensors to a network: everything must match, by name and by shape."""

from collections.abc import Mapping

import torch
from torch import Tensor

from resnet_viz.core.errors import CheckpointError
from resnet_viz.networks.resnet.model import ResNet, build
from resnet_viz.pictures.decode import safe_name
from resnet_viz.spec import NetworkSpec


def fill(spec: NetworkSpec, weights: Mapping[str, Tensor], name: str) -> ResNet:
    """A network of ``spec`` in evaluation mode with exactly these weights."""
    with torch.device("meta"):  # a file may claim terabytes: compare before anything is allocated
        own = ResNet(spec).state_dict()
    given = matched(own, weights, spec.name, name)
    network = build(spec, seed=0)
    network.load_state_dict(given)
    return network.eval()


def matched(
    own: Mapping[str, Tensor], weights: Mapping[str, Tensor], network: str, name: str
) -> dict[str, Tensor]:
    """The weights of a network whose state is like ``own``, with the counters that old files lack.

    ``network`` is what to call the network, ``name`` the file. Raises ``CheckpointError`` where a
    name or a shape differs.
    """
    given = dict(weights)
    for key in own:
        if key.endswith("num_batches_tracked"):
            given.setdefault(key, torch.zeros((), dtype=torch.long))
    fitting = [k for k in own if k in given and own[k].shape == given[k].shape]
    wrong = [k for k in own if k not in fitting] + [k for k in given if k not in own]
    if wrong:
        raise CheckpointError(
            "checkpoint_mismatch",
            name=name,
            network=network,
            matched=len(fitting),
            total=len(own),
            first=safe_name(wrong[0]),
        )
    return given
