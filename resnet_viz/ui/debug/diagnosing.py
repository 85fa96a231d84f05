"""Diagnoses of all sessions: each in a worker process, shared, kept, and stopped when unwanted."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.diagnosis.sandbox import Apart, Order
from resnet_viz.records import CheckpointReport, CheckpointsBeside, DiagnosisProgress

_KEPT = 24  # answers; one takes 0.2 MB, with labelled images of 224 pixels 3 MB
_MOST_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
_EVERY = 0.1  # seconds between looks

Answer = CheckpointReport | CheckpointsBeside | ResnetVizError
Prepare = Callable[[], Order]


class Diagnosis:
    """One diagnosis on its way; errors are answers too, so a bad file is read once."""

    def __init__(self, prepare: Prepare, pool: ThreadPoolExecutor) -> None:
        self.watchers = 0
        self._apart: Apart | None = None
        self._stopped = threading.Event()
        self.future: Future[Answer] = pool.submit(self._run, prepare)

    @property
    def progress(self) -> DiagnosisProgress | None:
        """How far it is; None while it waits for others."""
        return None if self._apart is None else self._apart.progress

    def stop(self) -> None:
        """End it, unless somebody else waits for it too."""
        if self.watchers == 0:
            self._stopped.set()
            self.future.cancel()
            if self._apart is not None:
                self._apart.cancel()

    @property
    def stopped(self) -> bool:
        """Whether it was ended before its end."""
        return self._stopped.is_set()

    def _run(self, prepare: Prepare) -> Answer:
        try:
            self._apart = Apart(prepare())
            if self.stopped:
                self._apart.cancel()
            return self._apart.run()
        except ResnetVizError as error:
            return error


class Diagnoses:
    """The last few diagnoses by key; equal ones are done once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "diagnosis")
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Diagnosis] = OrderedDict()

    def of(self, key: Hashable, prepare: Prepare) -> Diagnosis:
        """The diagnosis of a key: on its way, done, or begun now."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.stopped:
                found = self._kept[key] = Diagnosis(prepare, self._pool)
            self._kept.move_to_end(key)
            done = [k for k, kept in self._kept.items() if kept.future.done()]
            for old in done[: max(0, len(self._kept) - _KEPT)]:
                del self._kept[old]
        return found

    def known(self, key: Hashable) -> Answer | None:
        """An answer that is there already."""
        with self._lock:
            found = self._kept.get(key)
        done = found is not None and found.future.done() and not found.stopped
        return found.future.result() if found is not None and done else None


@st.cache_resource(show_spinner=False)
def diagnoses() -> Diagnoses:
    """Those of this process."""
    return Diagnoses()


def begin(key: Hashable, prepare: Prepare, place: str) -> None:
    """Start a diagnosis before others are waited for, unless it was stopped here."""
    if st.session_state.get(_stopped(place)) != key:
        diagnoses().of(key, prepare)


def awaited(key: Hashable, prepare: Prepare, place: str, name: str, text: Text) -> Answer | None:
    """The answer, with progress and a button to stop; None once it was stopped.

    ``place`` tells several of one page apart. A newer rerun interrupts the waiting, and the
    diagnosis goes on.
    """
    if st.session_state.get(_stopped(place)) == key:
        st.info(text("debug.stopped"))
        st.button(text("debug.again"), key=f"again_{place}",
                  on_click=lambda: st.session_state.pop(_stopped(place), None))  # fmt: skip
        return None
    diagnosis = diagnoses().of(key, prepare)
    if not diagnosis.future.done():
        _watch(diagnosis, key, place, name, text)
    return diagnosis.future.result()


def _stopped(place: str) -> str:
    return f"stopped_{place}"


def _watch(diagnosis: Diagnosis, key: Hashable, place: str, name: str, text: Text) -> None:
    def stop() -> None:
        st.session_state[_stopped(place)] = key
        diagnosis.stop()

    room = st.empty()
    with room.container():
        bar = st.progress(0.0, text("debug.working", name=name))
        st.button(text("debug.stop"), key=f"stop_{place}", on_click=stop)
    diagnosis.watchers += 1
    try:
        while not diagnosis.future.done():
            progress = diagnosis.progress
            if progress is None:
                bar.progress(0.0, text("debug.waiting", name=name))
            else:
                part = text(f"diagnosis_parts.{progress.part}")
                label = text("debug.working_part", name=name, part=part)
                bar.progress(progress.share, label)
            time.sleep(_EVERY)
    finally:
        diagnosis.watchers -= 1
    room.empty()
