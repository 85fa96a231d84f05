"""Waiting for jobs: a newer rerun interrupts the waiting, and the work goes on."""

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

_PATIENCE = 0.25  # seconds before anything is said about waiting
_EVERY = 0.05  # seconds between looks while a page waits
_FIRST_LOOK = 0.4  # seconds before a page that does not wait is drawn
_LOOK_EVERY = 0.7  # seconds between further looks at a job of this process


@dataclass(frozen=True)
class StopButton:
    """A button that stops what this session waits for, and what is said afterwards.

    ``place`` tells several of one page apart; ``key`` names the work, since the button stops that
    alone and not what the page asks for next.
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
        """What ``wait`` gives; None, with the offer to start again, where the work was stopped."""
        if not self.pressed:
            try:
                return wait()
            except JobStopped:  # in another tab
                pass
        self.offer_again()
        return None

    def offer_again(self) -> None:
        """Say that the work was stopped, with a button that asks for it again."""
        st.info(self.stopped)
        st.button(self.again, key=f"again_{self.place}", on_click=self._release)

    def offer(self, jobs: Sequence[Running[Any]]) -> None:
        """The button."""
        st.button(self.label, key=f"stop_{self.place}", on_click=self._press, args=(jobs,))

    def _press(self, jobs: Sequence[Running[Any]]) -> None:
        STOPPED[self.place].set(self.key)
        for job in jobs:
            job.stop()

    def _release(self) -> None:
        STOPPED[self.place].pop()


def wait(running: Running[R], label: str) -> R:
    """The result; after a moment ``label`` says what is being waited for.

    Raises the error of a failed job, and ``JobStopped``.
    """
    return wait_all([running], label)[0]


def wait_all(jobs: Sequence[Running[R]], label: str, button: StopButton | None = None) -> list[R]:
    """The results of several jobs, as ``wait`` gives one."""
    if not _ended(jobs, _PATIENCE):
        with _room(jobs, button), st.spinner(label, show_time=True):
            while not _ended(jobs, _EVERY):
                allow_rerun()
    return [job.poll().result for job in jobs]


def show(running: Running[R], draw: Callable[[JobStatus[R]], object], button: StopButton) -> R:
    """The result, as ``wait`` gives it; until then ``draw`` shows the progress."""
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
    """Draw a job again and again while it goes on, without holding up the page around it.

    ``look`` is asked anew each time. Once the job begins, ends or is deleted, the whole page is
    rerun.
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
    """A place above the button that is gone afterwards; inside, nobody else stops the jobs."""
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
    """Whether all have ended, at the latest after so many seconds."""
    until = time.monotonic() + seconds
    return all(job.wait(max(0.0, until - time.monotonic())) for job in jobs)
