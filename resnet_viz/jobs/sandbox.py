"""Runs a job in a child process with limits, for untrusted files.

The child (``sandboxed``) sets its own limits, so they hold whatever becomes of this process, and it
ends when this process does. Whatever it reads cannot hurt this process; what ended it is told in
one sentence.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import ResnetVizError, WorkerError
from resnet_viz.core.number_format import readable
from resnet_viz.jobs.codec import record_from_json
from resnet_viz.jobs.job import JobStopped
from resnet_viz.jobs.kinds import sandboxed_kind

#: Exit codes by which the child says that it ended itself.
OUT_OF_TIME, OUT_OF_MEMORY, LEFT_ALONE = 71, 72, 73
_TIME_SIGNALS = ("SIGALRM", "SIGXCPU", "SIGVTALRM")
_MOST_CONFIG = 4_000_000  # bytes of the JSON that the child reads
_COMMAND = [sys.executable, "-m", "resnet_viz.jobs.sandboxed"]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Limits of a process, which the process sets for itself."""

    memory: int = 4_000_000_000  # bytes on top of what its imports take
    cpu_seconds: int = 1_800
    seconds: float = 1_800.0  # enough for labelled images of ImageNet size; seconds without labels
    threads: int = 1  # of torch; 0 for as many as this process may use


#: For what a visitor waits for with the page open.
BRIEF = Limits(memory=3_000_000_000, cpu_seconds=180, seconds=180.0)


class Sandbox:
    """A child process for one job. ``kill`` may be called from any thread.

    Parameters
    ----------
    kind
        A key of ``SANDBOXED``.
    name
        What is read, as its user knows it, for the sentence about a process that died.
    limits
        Memory and time limits of the process.

    """

    def __init__(self, kind: str, name: str, limits: Limits = Limits()) -> None:
        self.kind, self.name, self.limits = kind, name, limits
        self._process: subprocess.Popen[str] | None = None
        self._killed = threading.Event()

    def kill(self) -> None:
        """Kill the process; one that has not started yet is killed when it starts."""
        self._killed.set()
        if self._process is not None:
            self._process.kill()

    def records(self, config: object) -> Iterator[Any]:
        """Start the process and yield the records of the job.

        Parameters
        ----------
        config
            A record of the kind's config type.

        Raises
        ------
        WorkerError
            If the process reached a limit, crashed or gave no answer; it says which.
        JobStopped
            If it was killed.
        ResnetVizError
            The job's own error.

        """
        try:
            process = _started(self.kind, json.dumps(encode(config)), self.limits)
        except (OSError, ValueError) as error:
            raise WorkerError("worker_start", name=self.name, reason=str(error)[:200]) from error
        with process:
            self._process = process
            try:
                if self._killed.is_set():
                    process.kill()
                yield from self._records(process)
            finally:
                process.kill()
                if process.stdin is not None:
                    with suppress(OSError):
                        process.stdin.close()

    def _records(self, process: "subprocess.Popen[str]") -> Iterator[Any]:
        try:
            for line in _lines(process.stdout or ()):
                if "event" in line:
                    yield record_from_json(line, sandboxed_kind(self.kind).events)
                elif "error" in line:
                    raise decode(ResnetVizError, line)
                elif "broke" in line:
                    _LOG.warning("%s of %s broke: %s", self.kind, self.name, line.get("trace"))
                    raise WorkerError("worker_broke", name=self.name, kind=str(line["broke"])[:80])
                elif "end" in line:
                    return
        except (OSError, ValueError) as error:  # a child that was taken over may write anything
            raise WorkerError("worker_broke", name=self.name, kind=type(error).__name__) from error
        raise self._death(process.wait())

    def _death(self, code: int) -> Exception:
        """Say what ended a process that gave no answer."""
        if self._killed.is_set():
            return JobStopped()
        ended = _signal_name(code)
        if code == OUT_OF_TIME or ended in _TIME_SIGNALS:
            return WorkerError("worker_time", name=self.name, seconds=readable(self.limits.seconds))
        if code == OUT_OF_MEMORY:
            most = readable(self.limits.memory / 1e9)
            return WorkerError("worker_memory", name=self.name, most=most)
        if ended == "SIGKILL":
            return WorkerError("worker_killed", name=self.name)
        if ended:
            return WorkerError("worker_signal", name=self.name, signal=ended)
        return WorkerError("worker_broke", name=self.name, kind=f"exit code {code}")


def _signal_name(code: int) -> str:
    """The name of the signal that ended a process; empty if none did."""
    try:
        return signal.Signals(-code).name if code < 0 else ""
    except ValueError:
        return f"signal {-code}"


def _started(kind: str, config: str, limits: Limits) -> "subprocess.Popen[str]":
    """Start the child; it reads its job from a pipe, and ends when the pipe is closed."""
    if len(config) > _MOST_CONFIG:
        raise ValueError(f"{len(config)} bytes of settings")
    process = subprocess.Popen(
        _COMMAND,
        env={**os.environ, **_threads(limits.threads), "MALLOC_ARENA_MAX": "2"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has died: ``_death`` says how
        process.stdin.write(
            json.dumps({"kind": kind, "config": config, "limits": asdict(limits)}) + "\n"
        )
        process.stdin.flush()
    return process


def _threads(count: int) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(count)} if count else {}


def _lines(output: Iterable[str]) -> Iterator[JsonObject]:
    for line in output:
        if line.startswith("{"):
            yield dict(json.loads(line))
