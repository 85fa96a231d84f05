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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from resnet_viz.core.converter import JsonObject, decode, encode
from resnet_viz.core.errors import ResnetVizError
from resnet_viz.records import CheckpointReport, CheckpointsBeside, DiagnosisProgress


@dataclass(frozen=True)
class Limits:
    """What a process may use. Importing torch takes about half of the address space."""

    memory: int = 12_000_000_000  # bytes of address space
    seconds: float = 1_800.0  # labelled images of ImageNet's size; without labels it takes seconds


@dataclass(frozen=True)
class SandboxKind:
    """A generator function, as module and name, and the records that it yields.

    The function takes its config as a JSON object.
    """

    function: str
    records: tuple[type, ...]


KINDS = {
    "diagnosis": SandboxKind(
        "resnet_viz.diagnosis.job:diagnosis_job",
        (DiagnosisProgress, CheckpointReport, CheckpointsBeside),
    ),
}


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
                    if "error" in line:
                        raise decode(ResnetVizError, line["error"])
                    if "end" in line:
                        return
                    yield _record(line, KINDS[self.kind].records)
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


def _record(line: JsonObject, types: tuple[type, ...]) -> object:
    for cls in types:
        if line.get("kind") == cls.__name__:
            return decode(cls, line.get("record"))
    raise ValueError(f"no record of this job: {line!r:.80}")


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
    module, function = KINDS[kind].function.split(":")
    job: Callable[[JsonObject], Iterator[object]] = getattr(import_module(module), function)
    try:
        for record in job(json.loads(config)):
            yield json.dumps({"kind": type(record).__name__, "record": encode(record)})
    except ResnetVizError as error:
        yield json.dumps({"error": encode(error)})
    else:
        yield json.dumps({"end": True})


def _limit_memory(most_bytes: int) -> None:
    """No more address space than that; not on systems without such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
