"""Give a network that was built without memory uninitialised memory on the CPU."""

import torch
from torch import nn


def allocate(network: nn.Module) -> None:
    """Replace every parameter and buffer on the meta device by uninitialised memory on the CPU.

    ``Module.to_empty`` does the same through ``torch.empty_like``, which for a meta tensor runs in
    Python and imports SymPy: more than a second in each new process.
    """
    empty = {
        name: torch.empty(meta.shape, dtype=meta.dtype, device="cpu")
        for name, meta in network.state_dict().items()
    }
    network.load_state_dict(empty, assign=True)
