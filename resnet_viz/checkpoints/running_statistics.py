"""Set the running statistics of batch normalisation from one batch.

In evaluation mode an untrained network uses the initial running statistics, mean 0 and variance 1.
They normalise nothing, and the activations of a residual network grow with depth. The statistics
are therefore measured once on a batch, layer by layer, as in training mode.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def set_statistics(
    network: nn.Module, *batches: Float[Tensor, "batch channel height width"]
) -> Tensor:
    """Set every running mean and variance to the average over batches; leave it in eval mode.

    Only batch normalisation is in training mode for the pass, so dropout stays off. Returns the
    outputs for the last batch.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # average over all batches
        norm.train()
    try:
        with torch.no_grad():
            outputs = [network(batch) for batch in batches]
    finally:
        network.eval()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    last: Tensor = outputs[-1]
    return last
