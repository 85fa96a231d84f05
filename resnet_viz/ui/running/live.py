"""Measurements that grow while they are watched: one computation for all who ask the same."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar, cast

import streamlit as st
import torch

from resnet_viz.core.errors import FailureError, ResnetVizError

T = TypeVar("T")

_MOST = 24  # measurements that are kept
_RECORDS = 2000  # of one measurement


class Live(Generic[T]):
    """A generator of records that runs on a thread of its own; ``records`` only grows."""

    def __init__(
        self, make: Callable[[], Iterator[T]], keep: int, pool: ThreadPoolExecutor
    ) -> None:
        self.records: list[T] = []
        self.error: ResnetVizError | None = None
        self.stopped = False
        self._make, self._keep = make, keep
        self._stop = threading.Event()
        self._future: Future[None] = pool.submit(self._run)

    @property
    def done(self) -> bool:
        """Finished, stopped or failed."""
        return self._future.done()

    def stop(self) -> None:
        """Ends it at its next record; one that has not begun never will."""
        self._stop.set()
        if self._future.cancel():
            self.stopped = True

    def wait(self, seconds: float) -> bool:
        """Whether it ended in time."""
        try:
            self._future.exception(timeout=seconds)
        except TimeoutError:
            return False
        except BaseException:  # cancelled
            return True
        return True

    def _run(self) -> None:
        try:
            for record in self._make():
                self.records = [*self.records, record][-self._keep :]
                if self._stop.is_set():
                    self.stopped = True
                    return
        except ResnetVizError as error:
            self.error = error
        except Exception as error:
            self.error = FailureError("unexpected", kind=type(error).__name__)


class LiveStore:
    """Measurements by key, the least recently used forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: OrderedDict[Hashable, Live[Any]] = OrderedDict()
        self._pool = ThreadPoolExecutor(
            os.cpu_count() or 1, "live", initializer=torch.set_num_threads, initargs=(1,)
        )

    def get(
        self, key: Hashable, make: Callable[[], Iterator[T]], *, keep: int = _RECORDS
    ) -> Live[T]:
        """The measurement for ``key``; begun now if it is new. ``keep``: how many last records."""
        with self._lock:
            if key not in self._live:
                self._live[key] = Live(make, keep, self._pool)
            self._live.move_to_end(key)
            for old in list(self._live)[: max(0, len(self._live) - _MOST)]:
                self._live.pop(old).stop()
            return cast("Live[T]", self._live[key])

    def forget_unfinished(self, key: Hashable) -> None:
        """Forget a measurement that was stopped or failed, so that asking again begins anew."""
        with self._lock:
            kept = self._live.get(key)
            if kept is not None and kept.done and (kept.stopped or kept.error is not None):
                del self._live[key]

    def known(self, key: Hashable) -> bool:
        """Whether there is such a measurement."""
        with self._lock:
            return key in self._live

    def forget(self, key: Hashable) -> None:
        """Stop a measurement and forget it, so that asking again begins anew."""
        with self._lock:
            if key in self._live:
                self._live.pop(key).stop()


@st.cache_resource(show_spinner=False)
def live() -> LiveStore:
    """The running measurements of this process."""
    return LiveStore()
