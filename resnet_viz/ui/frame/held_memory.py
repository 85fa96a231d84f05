"""The memory of the server's process: how much there is, and giving back what is free."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_UNKNOWN = 8_000_000_000  # bytes, where the system does not say
_EVERY = 20.0  # seconds between two looks
_GROWN = 64_000_000  # bytes since the last time that make it worth the milliseconds

#: For glibc, set before the process starts: arenas of threads that come and go keep what they have.
MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}


def memory_limit() -> int:
    """Return the bytes that this process may use: of its container, or of the machine."""
    limits = [_UNKNOWN]
    with suppress(ValueError, OSError, AttributeError):
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMITS:
        with suppress(ValueError, OSError):  # "max" is no number
            limits.append(int(path.read_text(encoding="ascii")))
    return min(limits)


def held() -> int | None:
    """Return the bytes that this process holds; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def keep_trimmed() -> None:
    """Start a thread that gives freed memory back to the system, on Linux with glibc.

    Maps of deep networks are hundreds of megabytes that live for seconds. Without this the process
    stays as large as its busiest moment.
    """
    trim = _trim()
    if trim is not None:
        threading.Thread(target=_watch, args=(trim,), name="trim", daemon=True).start()


def _trim() -> "Callable[[int], int] | None":
    if sys.platform != "linux":
        return None
    try:
        function: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return None
    return function


def _watch(trim: "Callable[[int], int]") -> None:
    resting, lowest = threading.Event(), held() or 0
    while not resting.wait(_EVERY):
        if (held() or 0) > lowest + _GROWN:
            trim(0)
            lowest = held() or 0
        else:
            lowest = min(lowest, held() or 0)
