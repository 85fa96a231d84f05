"""Where networks can run, and what room there is."""

import os

_UNKNOWN = 4_000_000_000  # bytes, where the system does not say


def devices() -> list[str]:
    """Devices of this machine, the best first."""
    import torch

    found = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return [name for name, there in found if there] + ["cpu"]


def free_memory(device: str = "cpu") -> int:
    """Bytes of a device's memory that are free now, as far as the system says."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN
