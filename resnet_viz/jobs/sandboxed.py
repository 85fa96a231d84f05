"""The child process of a ``Sandbox``: ``python -m resnet_viz.jobs.sandboxed``.

It reads one line of JSON (kind, config and limits), imports the job, sets its limits, and writes
one line of JSON per record, then a final line: the end marker, the error, or what broke. The pipe
that it read from stays open; when the parent dies, it closes, and this process ends.
"""

import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from resnet_viz.core.converter import decode, encode
from resnet_viz.core.errors import ResnetVizError, is_out_of_memory
from resnet_viz.jobs.codec import record_to_json
from resnet_viz.jobs.kinds import sandboxed_kind
from resnet_viz.jobs.sandbox import LEFT_ALONE, OUT_OF_MEMORY, OUT_OF_TIME, Limits

_LOOK_EVERY = 0.05  # seconds between two looks at the memory, where the system has no limit
_LONGEST_TRACE = 4_000  # characters


def main() -> None:
    """Run the job that the parent asks for, within its limits."""
    asked = json.loads(_first_line(0))
    limits = decode(Limits, asked["limits"])
    limit_time(limits)
    _end_with_parent(0)
    sandboxed_kind(asked["kind"])  # imports torch, which is not the job's memory
    limit_memory(limits.memory)
    for line in lines(asked["kind"], asked["config"]):
        print(line, flush=True)


def lines(kind: str, config: str) -> Iterator[str]:
    """Yield the output of the process: one line per record, then how the job ended."""
    row = sandboxed_kind(kind)
    try:
        for record in row.job(decode(row.config, json.loads(config))):
            yield json.dumps(record_to_json(record))
    except ResnetVizError as error:
        yield json.dumps(encode(error))
    except Exception as error:
        if is_out_of_memory(error):
            os._exit(OUT_OF_MEMORY)  # at once: the next line may need memory too
        trace = traceback.format_exc()[-_LONGEST_TRACE:]
        yield json.dumps({"broke": type(error).__name__, "trace": trace})
    else:
        yield json.dumps({"end": True})


def _first_line(pipe: int) -> bytes:
    """Read up to the first line break, and nothing more: the pipe must stay readable."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(pipe, 65536)
        if not part:
            os._exit(LEFT_ALONE)
        line += part
    return line


def limit_time(limits: Limits) -> None:
    """Let the system end this process when its time is up, even in code that holds the GIL."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        seconds = limits.cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    else:
        timer = threading.Timer(limits.seconds, os._exit, (OUT_OF_TIME,))
        timer.daemon = True
        timer.start()


def limit_memory(most_bytes: int) -> None:
    """Let this process allocate no more than ``most_bytes`` on top of what it has.

    Linux limits the address space, of which the libraries already take several gigabytes. Elsewhere
    a thread watches the peak of the memory.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + most_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        return
    threading.Thread(target=_watch_memory, args=(most_bytes,), daemon=True).start()


def _watch_memory(most_bytes: int) -> None:
    with suppress(ImportError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024  # bytes; kilobytes on other systems
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        resting = threading.Event()
        while not resting.wait(_LOOK_EVERY):
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before > most_bytes:
                os._exit(OUT_OF_MEMORY)


def _end_with_parent(pipe: int) -> None:
    """End this process when the pipe from its parent is closed.

    Not by PR_SET_PDEATHSIG, which fires when the *thread* that started the process ends. The system
    announces the end of the pipe by SIGIO where it can, which ends a process that holds the GIL.
    """
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    with suppress(OSError, ValueError):  # no pipes in Windows' select
        if select.select([pipe], [], [], 0)[0] and not os.read(pipe, 65536):
            os._exit(LEFT_ALONE)  # it was closed before anybody listened
    threading.Thread(target=_wait_for_end, args=(pipe,), daemon=True).start()


def _wait_for_end(pipe: int) -> None:
    with suppress(OSError):
        while os.read(pipe, 65536):
            continue
    os._exit(LEFT_ALONE)


if __name__ == "__main__":
    main()
