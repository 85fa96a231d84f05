"""A diagnosis in a process of its own, with a limit on memory: for files from strangers.

``python -m resnet_viz.diagnosis.worker FILE NETWORK OUT`` writes the report, or the error, as JSON.
Whatever the file does to that process, the page that asked lives on.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from resnet_viz import errors
from resnet_viz.errors import CheckpointError, FailureError, ResnetVizError
from resnet_viz.records import CheckpointReport
from resnet_viz.saving import to_json

MOST_MEMORY = 12_000_000_000  # bytes of address space; importing torch takes about half of it
MOST_SECONDS = 300.0


def diagnose_apart(path: Path, name: str, network: str = "") -> CheckpointReport:
    """``diagnose`` in a worker; ``name`` is what the file is called, ``network`` a preset or "".

    Raises what ``diagnose`` raises, and ``CheckpointError`` where the worker did not live.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [
            sys.executable,
            "-m",
            "resnet_viz.diagnosis.worker",
            str(path),
            network,
            str(out),
        ]
        try:
            subprocess.run(
                command,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=MOST_SECONDS,
                check=False,
            )
            answer = json.loads(out.read_text(encoding="utf-8"))
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise CheckpointError("checkpoint_worker", name=name) from error
    if "error" in answer:
        raise _error(answer, name)
    return CheckpointReport.from_dict({**answer["report"], "name": name})


def _error(answer: dict[str, object], name: str) -> ResnetVizError:
    """The worker's error as its own type; the file has its name back."""
    kind = getattr(errors, str(answer["error"]), FailureError)
    values = answer["values"]
    told = values if isinstance(values, dict) else {}
    made: ResnetVizError = kind(
        str(answer["code"]), **{**told, **({"name": name} if "name" in told else {})}
    )
    return made


def main(path: str, network: str, out: str) -> None:
    """What the worker does."""
    limit_memory()
    from resnet_viz.diagnosis.run import diagnose
    from resnet_viz.spec import NetworkSpec

    answer: dict[str, object]
    try:
        spec = NetworkSpec.preset(network) if network else None
        answer = {"report": diagnose(path, spec=spec).to_dict()}
    except ResnetVizError as error:
        answer = {"error": type(error).__name__, "code": error.code, "values": error.values}
    except MemoryError:
        answer = {"error": "CheckpointError", "code": "checkpoint_worker", "values": {"name": ""}}
    Path(out).write_text(to_json(answer), encoding="utf-8")


def limit_memory() -> None:
    """No more address space than a diagnosis needs; not on systems without such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    main(*sys.argv[1:4])
