"""A spec and tensors to a network: everything must match, by name and by shape."""

from collections.abc import Mapping

import torch
from torch import Tensor

from resnet_viz.errors import CheckpointError
from resnet_viz.networks.resnet import ResNet, build
from resnet_viz.pictures import safe_name
from resnet_viz.spec import NetworkSpec


def fill(spec: NetworkSpec, weights: Mapping[str, Tensor], name: str) -> ResNet:
    """A network of ``spec`` in evaluation mode with exactly these weights."""
    with torch.device("meta"):  # a file may claim terabytes: compare before anything is allocated
        own = ResNet(spec).state_dict()
    given = dict(weights)
    for key in own:
        if key.endswith("num_batches_tracked"):
            given.setdefault(key, torch.zeros((), dtype=torch.long))
    _check_match(own, given, spec, name)
    network = build(spec, seed=0)
    network.load_state_dict(given)
    return network.eval()


def _check_match(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], spec: NetworkSpec, name: str
) -> None:
    matched = [k for k in own if k in given and own[k].shape == given[k].shape]
    wrong = [k for k in own if k not in matched] + [k for k in given if k not in own]
    if wrong:
        raise CheckpointError(
            "checkpoint_mismatch",
            name=name,
            network=spec.name,
            matched=len(matched),
            total=len(own),
            first=safe_name(wrong[0]),
        )
