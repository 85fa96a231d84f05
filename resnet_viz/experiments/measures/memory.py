"""A check that a network fits into memory, before anything is allocated."""

from resnet_viz.core.errors import NetworkError
from resnet_viz.networks.devices import free_memory
from resnet_viz.networks.tables.totals import totals
from resnet_viz.spec import NetworkSpec


def check_memory(spec: NetworkSpec, batch: int) -> int:
    """Estimate the memory of a forward and a backward pass, in bytes.

    Raises
    ------
    NetworkError
        If it exceeds the free memory.

    """
    needed, free = totals(spec).training_memory(batch), free_memory()
    if needed > free:
        needed_gb, free_gb = f"{needed / 1e9:.1f}", f"{free / 1e9:.1f}"
        raise NetworkError("memory", network=spec.name, needed=needed_gb, free=free_gb)
    return needed
