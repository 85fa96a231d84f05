"""Stopping an explanation between two batches, from another thread or at a deadline."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancelled(Exception):  # noqa: N818  # nothing went wrong: somebody asked for it
    """An explanation was stopped between two batches."""


def _never() -> bool:
    return False


_stopped: ContextVar[Callable[[], bool]] = ContextVar("stopped", default=_never)


@contextmanager
def stopping(when: Callable[[], bool]) -> Iterator[None]:
    """Inside, every explanation and measure of this thread asks ``when`` before each batch.

    ``Cancelled`` is raised once it says yes.
    """
    before = _stopped.set(when)
    try:
        yield
    finally:
        _stopped.reset(before)


def raise_if_stopped() -> None:
    """Raise ``Cancelled`` if somebody wants this thread's explanation to stop."""
    if _stopped.get()():
        raise Cancelled
