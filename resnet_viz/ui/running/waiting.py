"""Waiting for jobs. A newer rerun interrupts the wait; the job continues."""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from resnet_viz.core.errors import RunError
from resnet_viz.jobs.job import JobStatus, JobStopped, Running
from resnet_viz.ui.frame.session import STOPPED, allow_rerun

R = TypeVar("R")
J = TypeVar("J", bound=Running[Any])

_PATIENCE = 0.25  # seconds before the spinner is shown
_EVERY = 0.05  # seconds between polls while a page waits
_FIRST_LOOK = 0.4  # seconds before the first drawing by ``follow``
_LOOK_EVERY = 0.7  # seconds between later polls of a job in this process


@dataclass(frozen=True)
class StopButton:
    """A button that stops the work this session waits for, with the texts around it.

    ``place`` distinguishes several on one page. ``key`` identifies the work, so that the button
    does not stop what the page asks for next.
    """

    place: str
    key: Hashable
    label: str
    stopped: str
    again: str

    @property
    def pressed(self) -> bool:
        """Whether this session stopped this work."""
        return bool(STOPPED[self.place].get() == self.key)

    def unless_stopped(self, wait: Callable[[], R]) -> R | None:
        """Return what ``wait`` returns; None, and a button to restart, if the work was stopped."""
        if not self.pressed:
            try:
                return wait()
            except JobStopped:  # in another tab
                pass
        self.offer_again()
        return None

    def offer_again(self) -> None:
        """Say that the work was stopped, and show a button that starts it again."""
        st.info(self.stopped)
        st.button(self.again, key=f"again_{self.place}", on_click=self._release)

    def offer(self, jobs: Sequence[Running[Any]]) -> None:
        """Show the button."""
        st.button(self.label, key=f"stop_{self.place}", on_click=self._press, args=(jobs,))

    def _press(self, jobs: Sequence[Running[Any]]) -> None:
        STOPPED[self.place].set(self.key)
        for job in jobs:
            job.stop()

    def _release(self) -> None:
        STOPPED[self.place].pop()


def wait(running: Running[R], label: str) -> R:
    """Return the result of a job; after a moment, ``label`` is shown with a spinner.

    Raises the error of a failed job, and ``JobStopped``.
    """
    return wait_all([running], label)[0]


def wait_all(jobs: Sequence[Running[R]], label: str, button: StopButton | None = None) -> list[R]:
    """Return the results of several jobs, like ``wait``."""
    if not _ended(jobs, _PATIENCE):
        with _room(jobs, button), st.spinner(label, show_time=True):
            while not _ended(jobs, _EVERY):
                allow_rerun()
    return [job.poll().result for job in jobs]


def show(running: Running[R], draw: Callable[[JobStatus[R]], object], button: StopButton) -> R:
    """Return the result, like ``wait``; until then, ``draw`` shows the progress."""
    if not _ended([running], _PATIENCE):
        with _room([running], button):
            place = st.empty()
            while True:
                with place:
                    draw(running.poll())
                if _ended([running], _EVERY):
                    break
    return running.poll().result


def follow(
    look: Callable[[], J],
    draw: Callable[[J, JobStatus[Any]], object],
    *,
    patience: float = _FIRST_LOOK,
    every: float = _LOOK_EVERY,
) -> None:
    """Redraw a job while it runs, without holding up the page around it.

    ``look`` returns the job and is called on every poll. When the job begins, ends or is deleted,
    the whole page reruns.
    """
    if patience:
        look().wait(patience)
    _, status = _polled(look)
    active = status.state.active
    st.fragment(_look_again, run_every=every if active else None)(look, draw, active)


def _look_again(
    look: Callable[[], J], draw: Callable[[J, JobStatus[Any]], object], active: bool
) -> None:
    running, status = _polled(look)
    if active is not status.state.active:
        st.rerun()  # with or without the timer now
    draw(running, status)


def _polled(look: Callable[[], J]) -> tuple[J, JobStatus[Any]]:
    running = look()
    try:
        return running, running.poll()
    except RunError:  # deleted, here or in another tab: no page lists it any more
        st.rerun()


@contextmanager
def _room(jobs: Sequence[Running[Any]], button: StopButton | None) -> Iterator[None]:
    """Reserve space for progress above the button, and clear it afterwards.

    Inside, the jobs count as watched, so that another session cannot stop them.
    """
    room = st.empty()
    with room.container(), ExitStack() as watching:
        place = st.container()
        if button is not None:
            button.offer(jobs)
        for job in jobs:
            watching.enter_context(job.watched())
        with place:
            yield
    room.empty()


def _ended(jobs: Sequence[Running[Any]], seconds: float) -> bool:
    """Return whether all jobs have ended, after at most so many seconds."""
    until = time.monotonic() + seconds
    return all(job.wait(max(0.0, until - time.monotonic())) for job in jobs)
