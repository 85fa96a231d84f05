"""The number of CPU threads of a training: sums of another number of parts round differently."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def available_threads() -> int:
    """Return the number of threads a training may use here: OMP_NUM_THREADS, or every core."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) else os.cpu_count() or 1


@contextmanager
def fixed_threads(count: int) -> Iterator[None]:
    """Context in which this thread computes with ``count`` CPU threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
