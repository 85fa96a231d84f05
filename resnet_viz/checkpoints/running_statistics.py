"""Running statistics of batch normalisation, measured on one batch.

An untrained network in evaluation mode divides by the initial running statistics, mean 0 and
variance 1, which normalises nothing: the residual network then looks like the sick one. Its
running statistics are therefore measured once on a batch, layer by layer, as training mode would.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def set_statistics(network: nn.Module, batch: Float[Tensor, "batch channel height width"]) -> None:
    """Set every running mean and variance to those of one batch; ends in evaluation mode.

    Only the normalisation is in training mode meanwhile: nothing is dropped by chance.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over batches, of which there is one
        norm.train()
    try:
        with torch.no_grad():
            network(batch)
    finally:
        network.eval()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
