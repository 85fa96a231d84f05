"""A diagnosis in a process of its own, with a limit on memory: for files from strangers.

``python -m resnet_viz.diagnosis.sandbox ORDER`` writes one line of JSON a step, and the report, or
the error, as the last. Whatever a file does to that process, the page that asked lives on.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from resnet_viz.core import errors
from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import CheckpointError, FailureError, ResnetVizError
from resnet_viz.core.saving import to_json
from resnet_viz.records import (
    CheckpointReport,
    CheckpointsBeside,
    DiagnosisPart,
    DiagnosisProgress,
)

MOST_MEMORY = 12_000_000_000  # bytes of address space; importing torch takes about half of it
MOST_SECONDS = 1_800.0  # with labelled images of ImageNet's size; without labels it takes seconds


@dataclass(frozen=True)
class WeightsFile:
    """A file, what its user calls it, and its network: a preset, a spec's JSON, or ""."""

    path: str
    name: str
    network: str = ""


@dataclass(frozen=True)
class Order:
    """What to diagnose, on which images; with ``second`` the two are put beside each other.

    ``images`` is a place as ``diagnose`` takes it, or "" for the bundled photographs;
    ``images_name`` is what its user calls it.
    """

    first: WeightsFile
    second: WeightsFile | None = None
    images: str = ""
    images_name: str = ""


class Apart:
    """One order in a worker; ``progress`` may be read and ``cancel`` called from any thread."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.progress = DiagnosisProgress(DiagnosisPart.READING, 0)
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the worker, now or before it starts."""
        self._cancelled.set()
        if self._process is not None:
            self._process.kill()

    def run(self) -> CheckpointReport | CheckpointsBeside:
        """Wait for the answer.

        Raises what the diagnosis raises, and ``CheckpointError`` where the worker did not live or
        was cancelled.
        """
        try:
            answer = self._answer()
        except (OSError, ValueError) as error:
            raise CheckpointError("checkpoint_worker", name=self.order.first.name) from error
        if self._cancelled.is_set():
            raise CheckpointError("checkpoint_stopped", name=self.order.first.name)
        if "error" in answer:
            raise self._error(answer)
        if "beside" in answer:
            return decode(CheckpointsBeside, {**answer["beside"], **self._names("beside")})
        if "report" in answer:
            return decode(CheckpointReport, {**answer["report"], **self._names("report")})
        raise CheckpointError("checkpoint_worker", name=self.order.first.name)

    def _answer(self) -> dict[str, Any]:
        """The worker's last line; {} where there is none."""
        last: dict[str, Any] = {}
        if self._cancelled.is_set():
            return last
        with _started(self.order) as process:
            self._process = process
            if self._cancelled.is_set():
                process.kill()
            limit = threading.Timer(MOST_SECONDS, process.kill)
            limit.start()
            try:
                for last in _lines(process.stdout or ()):
                    if "part" in last:
                        self.progress = DiagnosisProgress(
                            DiagnosisPart(last["part"]), float(last["share"])
                        )
            finally:
                limit.cancel()
                process.kill()
        return last

    def _names(self, kind: str) -> dict[str, str]:
        """What the worker could not know: how its user calls the files."""
        order = self.order
        images = {"images": order.images_name} if order.images_name else {}
        if kind == "report":
            return {"name": order.first.name, **images}
        assert order.second is not None
        return {"first": order.first.name, "second": order.second.name, **images}

    def _error(self, answer: dict[str, Any]) -> ResnetVizError:
        """The worker's error as its own type; the file has its name back."""
        kind = getattr(errors, str(answer["error"]), FailureError)
        order, values = self.order, dict(answer["values"])
        files = [order.first] if order.second is None else [order.first, order.second]
        known = {Path(file.path).name: file.name for file in files}
        known |= {Path(order.images).name: order.images_name} if order.images else {}
        if "name" in values:
            values["name"] = known.get(str(values["name"]), order.first.name)
        made: ResnetVizError = kind(str(answer["code"]), **values)
        return made


def _started(order: Order) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "resnet_viz.diagnosis.sandbox", json.dumps(asdict(order))],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )


def _lines(output: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in output:
        if line.startswith("{"):
            yield dict(json.loads(line))


def main(order: Order) -> None:
    """What the worker does."""
    limit_memory()
    for line in said(order):
        print(to_json(line, indent=None), flush=True)


def said(order: Order) -> Iterator[dict[str, Any]]:
    """The worker's lines: steps, then the report, what both have in common, or the error."""
    try:
        yield from _steps(order)
    except ResnetVizError as error:
        yield {"error": type(error).__name__, "code": error.code, "values": error.values}
    except MemoryError:
        yield {"error": "CheckpointError", "code": "checkpoint_worker", "values": {"name": ""}}


def _steps(order: Order) -> Iterator[dict[str, Any]]:
    from resnet_viz.diagnosis.compare_checkpoints import beside
    from resnet_viz.diagnosis.diagnose import diagnosis, identified
    from resnet_viz.networks.export.spec_file import spec_told

    images = order.images or None
    if order.second is not None:
        both = (order.first, order.second)
        found = [identified(file.path, spec_told(file.network)) for file in both]
        yield {"part": DiagnosisPart.BESIDE, "share": 0}
        yield {"beside": encode(beside(found[0], found[1], images))}
        return
    for step in diagnosis(order.first.path, images=images, spec=spec_told(order.first.network)):
        yield {"part": step.part, "share": step.share}
    assert step.report is not None
    yield {"report": encode(step.report)}


def limit_memory() -> None:
    """No more address space than a diagnosis needs; not on systems without such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _read(order: str) -> Order:
    values = json.loads(order)
    files = {
        name: WeightsFile(**values[name])
        for name in ("first", "second")
        if values[name] is not None
    }
    return replace(Order(files["first"]), **{**values, **files})


if __name__ == "__main__":
    main(_read(sys.argv[1]))
