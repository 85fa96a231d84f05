"""Results shared by all sessions: computed once, kept while there is room.

Sessions hold keys, never results: a closed tab frees nothing until the next visitor comes.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast

import torch

T = TypeVar("T")

_BUDGET = 1_500_000_000  # bytes; a resnet152 pair on one picture takes about 600 MB


class Store:
    """Futures by key, least recently used first; equal requests share one computation.

    One thread of torch a job and no more jobs than cores: side by side that is four times faster
    than letting every job use every core.
    """

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._pool = ThreadPoolExecutor(
            os.cpu_count() or 1, "analysis", initializer=torch.set_num_threads, initargs=(1,)
        )

    def submit(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> "Future[T]":
        """The result for ``key``, now or later; ``size`` tells its bytes. Failures are not kept."""
        with self._lock:
            if key in self._futures:
                self._futures.move_to_end(key)
                return cast("Future[T]", self._futures[key])
            future = self._pool.submit(make)
            self._futures[key] = future
        future.add_done_callback(lambda done: self._settle(key, done, size))
        return future

    def put(self, key: Hashable, value: object, size: int) -> None:
        """Keep a value that is already there."""
        future: Future[object] = Future()
        future.set_result(value)
        with self._lock:
            self._futures[key] = future
            self._futures.move_to_end(key)
        self._settle(key, future, lambda _: size)

    def cached(self, key: Hashable, make: Callable[[], T], size: int) -> T:
        """A cheap result, made at once in this thread and kept; ``size`` in bytes."""
        kept = self.get(key)
        if kept is None:
            kept = make()
            self.put(key, kept, size)
        return cast(T, kept)

    def get(self, key: Hashable) -> object | None:
        """A finished result that is still here, or None."""
        with self._lock:
            future = self._futures.get(key)
            if future is None or not future.done() or future.exception() is not None:
                return None
            self._futures.move_to_end(key)
        return cast(object, future.result())

    def _settle(self, key: Hashable, future: "Future[T]", size: Callable[[T], int]) -> None:
        failed = future.cancelled() or future.exception() is not None
        with self._lock:
            if failed:
                self._futures.pop(key, None)
                return
            self._sizes[key] = size(future.result())
            self._evict(key)

    def _evict(self, newest: Hashable) -> None:
        total = sum(self._sizes.values())
        for key in list(self._futures):
            if total <= self._budget:
                return
            if key != newest and key in self._sizes:
                total -= self._sizes.pop(key)
                del self._futures[key]
