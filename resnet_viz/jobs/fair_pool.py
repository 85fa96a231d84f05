"""Threads that serve owners in turn; heavy work has threads of its own, at a lower priority.

One visitor's hundred requests wait for each other, not for everybody. A deep network or a method of
many passes cannot keep light requests waiting.
"""

import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

_NICENESS = 10
_WINDOW = 600.0  # seconds in which ``spent`` counts


class FairPool:
    """A pool of threads with two lanes.

    Parameters
    ----------
    name
        Prefix of the thread names.
    threads
        Number of threads of each lane.
    initializer
        Called when each thread starts.

    """

    def __init__(
        self, name: str, *, threads: int, initializer: Callable[[], object] | None = None
    ) -> None:
        self._meter = _Meter()
        self._light = _Lane(name, threads, initializer, self._meter)
        self._heavy = _Lane(f"{name}-heavy", threads, _nice(initializer), self._meter)

    def submit(self, work: Callable[[], object], *, owner: str = "", heavy: bool = False) -> None:
        """Let a thread of the lane call ``work`` when it is the owner's turn."""
        (self._heavy if heavy else self._light).put(owner, work)

    def spent(self, owner: str) -> float:
        """Return the seconds that threads worked for an owner in the last ten minutes."""
        return self._meter.spent(owner)

    def free_in(self, owner: str) -> float:
        """Return the seconds until the oldest of these no longer counts."""
        return self._meter.free_in(owner)


class _Lane:
    """Work by owner, and the threads that take it in turn."""

    def __init__(
        self, name: str, threads: int, initializer: Callable[[], object] | None, meter: "_Meter"
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, name, initializer=initializer)
        self._waiting: OrderedDict[str, deque[Callable[[], object]]] = OrderedDict()
        self._lock = threading.Lock()
        self._meter = meter

    def put(self, owner: str, work: Callable[[], object]) -> None:
        """Add work; a thread will take it, or what is before it."""
        with self._lock:
            self._waiting.setdefault(owner, deque()).append(work)
        self._pool.submit(self._work)

    def _work(self) -> None:
        owner, work = self._next()
        began = time.monotonic()
        try:
            work()
        finally:
            self._meter.add(owner, time.monotonic() - began)

    def _next(self) -> tuple[str, Callable[[], object]]:
        """Take the oldest work of the first owner, who then goes behind the others."""
        with self._lock:
            owner, queue = self._waiting.popitem(last=False)
            work = queue.popleft()
            if queue:
                self._waiting[owner] = queue
            return owner, work


class _Meter:
    """Seconds of work by owner, over the last ten minutes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, deque[tuple[float, float]]] = {}  # end and length

    def add(self, owner: str, seconds: float) -> None:
        if not owner:
            return
        with self._lock:
            self._spans.setdefault(owner, deque()).append((time.monotonic(), seconds))

    def spent(self, owner: str) -> float:
        with self._lock:
            self._forget_old()
            return sum(seconds for _, seconds in self._spans.get(owner, ()))

    def free_in(self, owner: str) -> float:
        with self._lock:
            spans = self._spans.get(owner)
            return max(0.0, spans[0][0] + _WINDOW - time.monotonic()) if spans else 0.0

    def _forget_old(self) -> None:
        oldest = time.monotonic() - _WINDOW
        for owner, spans in list(self._spans.items()):
            while spans and spans[0][0] < oldest:
                spans.popleft()
            if not spans:
                del self._spans[owner]


def _nice(initializer: Callable[[], object] | None) -> Callable[[], None]:
    """Return an initializer that also lowers the priority of its thread, where that is possible."""

    def initialize() -> None:
        if initializer is not None:
            initializer()
        if sys.platform == "linux":  # elsewhere this would be the whole process
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

    return initialize
