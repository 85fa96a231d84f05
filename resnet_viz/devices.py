"""Where networks can run."""

import torch


def devices() -> list[str]:
    """Devices of this machine, the best first."""
    found = [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
    return [name for name, there in found if there] + ["cpu"]
