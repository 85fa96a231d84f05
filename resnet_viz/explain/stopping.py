"""Stopping an explanation between two batches, from another thread or at a deadline."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancelled(Exception):  # noqa: N818  # requested by the caller, not an error
    """An explanation was stopped between two batches."""


def _never() -> bool:
    return False


_stopped: ContextVar[Callable[[], bool]] = ContextVar("stopped", default=_never)


@contextmanager
def stopping(when: Callable[[], bool]) -> Iterator[None]:
    """Inside the block, this thread calls ``when`` before each batch of passes.

    ``Cancelled`` is raised as soon as it returns True.
    """
    before = _stopped.set(when)
    try:
        yield
    finally:
        _stopped.reset(before)


def raise_if_stopped() -> None:
    """Raise ``Cancelled`` if this thread's explanation is to stop."""
    if _stopped.get()():
        raise Cancelled
