"""Runs a job in a child process with memory and time limits, for untrusted files.

``python -m resnet_viz.jobs.sandbox KIND CONFIG MEMORY`` writes one line of JSON per record, then a
final line with the end marker or the error. A file that crashes the child process does not affect
the parent.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.jobs.codec import record_from_json, record_to_json
from resnet_viz.jobs.kinds import sandboxed_kind


@dataclass(frozen=True)
class Limits:
    """Resource limits of a process. Importing torch takes about half of the address space."""

    memory: int = 12_000_000_000  # bytes of address space
    seconds: float = 1_800.0  # enough for labelled images of ImageNet size; seconds without labels


class Sandbox:
    """A child process for one job. ``kill`` may be called from any thread.

    Parameters
    ----------
    kind
        A key of ``SANDBOXED``.
    death
        Raised if the process ends without a result: it was killed, crashed or reached a limit.
    limits
        Memory and time limits of the process.

    """

    def __init__(self, kind: str, death: ResnetVizError, limits: Limits = Limits()) -> None:
        self.kind, self.limits = kind, limits
        self._death = death
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
        ResnetVizError
            The job's own error, or ``death`` if the process ends without a result.

        """
        try:
            yield from self._records(json.dumps(encode(config)))
        except (OSError, ValueError) as error:
            raise self._death from error

    def _records(self, config: str) -> Iterator[Any]:
        with _started(self.kind, config, self.limits) as process:
            self._process = process
            if self._killed.is_set():
                process.kill()
            limit = threading.Timer(self.limits.seconds, process.kill)
            limit.start()
            try:
                for line in _lines(process.stdout or ()):
                    if "event" in line:
                        yield record_from_json(line, sandboxed_kind(self.kind).events)
                    elif "error" in line:
                        raise decode(ResnetVizError, line)
                    elif "end" in line:
                        return
            finally:
                limit.cancel()
                process.kill()
        raise self._death


def _started(kind: str, config: str, limits: Limits) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "resnet_viz.jobs.sandbox", kind, config, str(limits.memory)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )


def _lines(output: Iterable[str]) -> Iterator[JsonObject]:
    for line in output:
        if line.startswith("{"):
            yield dict(json.loads(line))


def main(kind: str, config: str, memory: int) -> None:
    """Run a job in this process and print its records as JSON lines.

    ``memory`` is the limit on the address space in bytes.
    """
    _limit_memory(memory)
    for line in lines(kind, config):
        print(line, flush=True)


def lines(kind: str, config: str) -> Iterator[str]:
    """Yield the output of the process: one line per record, then the end marker or the error."""
    row = sandboxed_kind(kind)
    try:
        for record in row.job(decode(row.config, json.loads(config))):
            yield json.dumps(record_to_json(record))
    except ResnetVizError as error:
        yield json.dumps(encode(error))
    else:
        yield json.dumps({"end": True})


def _limit_memory(most_bytes: int) -> None:
    """Limit the address space of this process, where the operating system supports it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
