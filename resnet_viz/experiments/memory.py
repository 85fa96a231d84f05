"""Whether a network fits into memory, before anything is allocated."""

import os

from resnet_viz.errors import NetworkError
from resnet_viz.networks.totals import totals
from resnet_viz.spec import NetworkSpec

_UNKNOWN = 4_000_000_000  # bytes, where the system does not say


def free_memory() -> int:
    """Bytes of memory that are free now, as far as the system says."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN


def check_memory(spec: NetworkSpec, batch: int) -> int:
    """The bytes that a forward and a backward pass need, about; ``NetworkError`` if too many."""
    needed, free = totals(spec).training_memory(batch), free_memory()
    if needed > free:
        needs, has = f"{needed / 1e9:.1f}", f"{free / 1e9:.1f}"
        raise NetworkError("memory", network=spec.name, needed=needs, free=has)
    return needed
