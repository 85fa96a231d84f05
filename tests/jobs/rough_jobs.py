"""Jobs that misuse their process, run without torch: ``python -m tests.jobs.rough_jobs WHAT``."""

import os
import re
import signal
import sys
import time
from dataclasses import dataclass

from resnet_viz.jobs import kinds, sandbox, sandboxed

ROUGH = kinds.Row("tests.jobs.rough_jobs", "rough_job", "Rough", "Told")


@dataclass(frozen=True)
class Rough:
    what: str


@dataclass(frozen=True)
class Told:
    number: int


def rough_job(config):
    if config.what in ("says who it is", "tells and sleeps"):
        yield Told(os.getpid())
    match config.what:
        case "grows":
            kept = []
            while True:
                kept.append(bytearray(10_000_000))
        case "sleeps" | "tells and sleeps":
            time.sleep(60)
        case "holds the lock":
            re.match(r"(a+)+$", "a" * 60 + "b")  # one call in C, for ever
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "divides by zero":
            print(1 / 0)
        case "exits":
            os._exit(3)


def main():
    """The child."""
    kinds.SANDBOXED["rough"] = ROUGH
    sandboxed.main()


def parent(what):
    """A server that starts a child, tells its number, and waits to be killed."""
    sandbox._COMMAND = [sys.executable, "-c", "from tests.jobs.rough_jobs import main; main()"]
    kinds.SANDBOXED["rough"] = ROUGH
    process = sandbox._started("rough", f'{{"what": "{what}"}}', sandbox.Limits())
    print(process.pid, flush=True)
    time.sleep(60)


if __name__ == "__main__":
    parent(sys.argv[1])
