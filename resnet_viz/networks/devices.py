"""The devices that networks can run on, and their free memory."""

import os

_UNKNOWN = 4_000_000_000  # bytes, where the system does not say


def devices() -> list[str]:
    """Names of this machine's devices for PyTorch, the fastest first."""
    import torch

    available = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return [name for name, is_there in available if is_there] + ["cpu"]


def free_memory(device: str = "cpu") -> int:
    """Free memory of a device in bytes; 4 GB where the system does not say."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return _UNKNOWN
