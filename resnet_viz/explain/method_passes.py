"""How long a method will take: its passes through the network, and how long one takes here."""

import time
from math import ceil

import torch

from resnet_viz.checkpoints.loaded import Loaded
from resnet_viz.explain.method_names import MethodName
from resnet_viz.explain.method_options import Options
from resnet_viz.explain.methods import METHODS, Cost, Family
from resnet_viz.probe.isolation import untouched

_BACKWARD = 2  # a backward pass takes about two forward passes
_FEW = 5
_TIMED = 8  # images


def forward_passes(method: MethodName, options: Options, channels: int, side: int) -> int:
    """About how many forward passes of one image a method takes, a backward one counted as two.

    ``channels`` are those of the layer that it looks at, ``side`` is the picture's in pixels.
    """
    row = METHODS[method]
    match row.cost:
        case Cost.FEW:
            return _FEW
        case Cost.PER_CHANNEL:
            return channels + 1
        case Cost.MANY:
            count = _changed_pictures(options, side)
            return count * (1 + _BACKWARD) if row.family is Family.GRADIENT else count


def _changed_pictures(options: Options, side: int) -> int:
    if "window" in options:
        window = max(1, round(options["window"] * side))
        stride = min(window, max(1, round(options["stride"] * side)))
        return int((ceil((side - window) / stride) + 1) ** 2)
    if "samples" in options:
        return int(options["samples"])
    if "cells" in options:
        return int(min(options["cells"], side) ** 2)
    return int(options["steps"])


def seconds_per_pass(loaded: Loaded) -> float:
    """How long one image takes forwards, in a small batch, on this machine as it is now."""
    size = loaded.preprocessing.size
    shape = (_TIMED, len(loaded.preprocessing.mean), size, size)
    images = torch.zeros(shape, device=next(loaded.network.parameters()).device)
    with torch.no_grad(), untouched(loaded.network, needs_gradients=False):
        begun = time.perf_counter()
        loaded.network(images)
        if images.is_cuda:
            torch.cuda.synchronize()
    return (time.perf_counter() - begun) / _TIMED
