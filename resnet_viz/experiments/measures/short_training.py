"""A few steps of SGD on one batch, to see which networks can be trained at all."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from resnet_viz.networks.resnet.model import ResNet


def losses(
    network: ResNet, images: Tensor, labels: Tensor, *, steps: int, learning_rate: float
) -> Iterator[float]:
    """Train a network in place with SGD, momentum 0.9, on one batch.

    Yields
    ------
    float
        The mean cross-entropy, in nats, before each step and after the last. A loss that is not
        finite is the last.

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
