"""A few steps of SGD on one small batch: enough to see which networks can move at all."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.networks.resnet.model import ResNet


def losses(
    network: ResNet, images: Tensor, labels: Tensor, *, steps: int, learning_rate: float
) -> Iterator[float]:
    """The mean cross-entropy before each step, and once more behind the last; in place.

    SGD with momentum 0.9 in training mode. A loss that is not finite any more ends it.
    """
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=0.9)
    with torch.inference_mode(False), torch.enable_grad():
        for step in range(steps + 1):
            loss = cross_entropy(network(images), labels)
            yield loss.item()
            if step == steps or not torch.isfinite(loss):
                return
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
