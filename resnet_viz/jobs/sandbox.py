"""A job in a process of its own, with limits on memory and time: for files from strangers.

``python -m resnet_viz.jobs.sandbox KIND CONFIG MEMORY`` writes a line of JSON per record, and as
the last one the end or the error. Whatever a file does to that process, the one that waits for it
lives on.
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
    """What a process may use. Importing torch takes about half of the address space."""

    memory: int = 12_000_000_000  # bytes of address space
    seconds: float = 1_800.0  # labelled images of ImageNet's size; without labels it takes seconds


class Sandbox:
    """A process for one job: ``records`` in one thread, ``kill`` from any.

    ``death`` is raised where the process ends without an answer: it was killed, or reached a limit.
    """

    def __init__(self, kind: str, death: ResnetVizError, limits: Limits = Limits()) -> None:
        self.kind, self.limits = kind, limits
        self._death = death
        self._process: subprocess.Popen[str] | None = None
        self._killed = threading.Event()

    def kill(self) -> None:
        """End the process, now or as soon as it starts."""
        self._killed.set()
        if self._process is not None:
            self._process.kill()

    def records(self, config: object) -> Iterator[Any]:
        """Do the job with ``config``, a record. Raises what the job raises, and ``death``."""
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
    """Do a job in this process, and write down what it yields."""
    _limit_memory(memory)
    for line in lines(kind, config):
        print(line, flush=True)


def lines(kind: str, config: str) -> Iterator[str]:
    """The process's output: a line per record, then the end or the error."""
    row = sandboxed_kind(kind)
    try:
        for record in row.job(decode(row.config, json.loads(config))):
            yield json.dumps(record_to_json(record))
    except ResnetVizError as error:
        yield json.dumps(encode(error))
    else:
        yield json.dumps({"end": True})


def _limit_memory(most_bytes: int) -> None:
    """No more address space than that; not on systems without such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
