"""Set the running statistics of batch normalisation from one batch.

In evaluation mode an untrained network uses the initial running statistics, mean 0 and variance 1.
They normalise nothing, and the activations of a residual network grow with depth. The statistics
are therefore measured once on a batch, layer by layer, as in training mode.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Remeasured:
    """The statistics that a network's batch normalisations measure on one batch.

    Parameters
    ----------
    batch
        What the network was run on, (batch, channel, height, width).
    statistics
        Mean and unbiased variance by layer.
    logits
        The outputs, with these statistics.

    """

    batch: Float[Tensor, "batch channel height width"]
    statistics: Mapping[str, tuple[Float[Tensor, " c"], Float[Tensor, " c"]]]
    logits: Float[Tensor, "batch classes"]

    def is_of(self, batch: Float[Tensor, "batch channel height width"]) -> bool:
        """Whether these are the statistics of this batch."""
        return torch.equal(self.batch, batch)


def remeasured(
    network: nn.Module, batch: Float[Tensor, "batch channel height width"]
) -> Remeasured:
    """Measure the statistics of a batch; the network is afterwards as it was.

    Every layer gets values that are normalised by the batch, so that a wrong layer is seen where it
    is, and not in the layers after it.
    """
    with own_statistics(network) as norms:
        logits = set_statistics(network, batch)
        found = {
            name: (torch.as_tensor(norm.running_mean), torch.as_tensor(norm.running_var))
            for name, norm in norms.items()
        }
    return Remeasured(batch, found, logits)


@contextmanager
def own_statistics(network: nn.Module) -> Iterator[dict[str, nn.BatchNorm2d]]:
    """Give batch normalisations other running statistics to write to, and then theirs again."""
    norms = {n: m for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    modes = {module: module.training for module in network.modules()}
    buffers = {norm: dict(norm.named_buffers(recurse=False)) for norm in norms.values()}
    for norm, kept in buffers.items():
        for name, value in kept.items():
            setattr(norm, name, value.clone())
    try:
        yield norms
    finally:
        for norm, kept in buffers.items():
            for name, value in kept.items():
                setattr(norm, name, value)
        for module, mode in modes.items():
            module.training = mode


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
