"""How the app serves many at once: real WebSocket sessions on loopback, and what stays in memory.

    python -m benchmarks.load --sessions 1,10,50,100 --out benchmarks/results/load.json
    python -m benchmarks.load --sessions 20 --heavy --minutes 60     # the soak

Every session is a tab: it opens a page and sends what a browser sends. A light rerun asks for the
page again with nothing to compute; an analysis asks for another class of another picture. The same
reruns of an empty page of Streamlit's own are the floor. With ``--minutes`` the memory of the
server is followed, and the command fails if it grows.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from resnet_viz.pictures.samples import samples

ROOT = Path(__file__).resolve().parents[1]
PORT = 8598
PATIENCE = 180.0  # seconds for one answer
MOST_SESSIONS = 200
MOST_SLOPE = 2.0  # megabytes a minute, in the second half of a soak
FLOOR = "import streamlit as st\nst.write('floor')\n"
LIGHT, HEAVY = "resnet20", "resnet152"


@dataclass
class Times:
    """Seconds by kind of request."""

    light: list[float] = field(default_factory=list)
    analysis: list[float] = field(default_factory=list)
    failed: int = 0


class Tab:
    """One session: a page that was opened, and asks again."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def ask(self, query: str, page: str = "") -> float:
        """Run the page with this address; return the seconds until it is whole."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while True:
            async with asyncio.timeout(PATIENCE):
                raw = await self._socket.recv(decode=False)
            answer = ForwardMsg.FromString(raw)
            if answer.WhichOneof("type") == "script_finished":
                status = answer.script_finished
                if status != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return time.perf_counter() - began


@asynccontextmanager
async def tab(port: int) -> AsyncIterator[Tab]:
    """Open a session, as a browser does."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    headers = {"Cookie": "resnet_viz_seen=1", "Origin": f"http://127.0.0.1:{port}"}
    async with connect(
        address, subprotocols=["streamlit"], additional_headers=headers,  # type: ignore[list-item]
        max_size=None, open_timeout=PATIENCE, ping_interval=None,
    ) as socket:  # fmt: skip
        yield Tab(socket)


def questions(seed: int, network: str) -> Callable[[], str]:
    """Return a function of addresses of Compare, each another picture or class."""
    names, draw = list(samples()), random.Random(seed)
    classes = 1000 if network == HEAVY else 10
    weights = "random" if network == HEAVY else "bundled"
    return lambda: (
        f"network={network}&weights={weights}&sample={draw.choice(names)}"
        f"&target={draw.randrange(classes)}"
    )


async def visitor(port: int, number: int, options: argparse.Namespace, times: Times) -> None:
    """A visitor who mostly looks, and now and then asks for something new."""
    draw = random.Random(number)
    ask = questions(number, HEAVY if options.heavy else LIGHT)
    until = time.monotonic() + 60 * options.minutes
    async with tab(port) as own:
        query = ask()
        await own.ask(query)
        asked = 0
        while asked < options.requests or time.monotonic() < until:
            await asyncio.sleep(draw.expovariate(1 / options.pause))
            with suppress(TimeoutError):
                if draw.random() < options.share:
                    query = ask()
                    times.analysis.append(await own.ask(query))
                else:
                    times.light.append(await own.ask(query))
                asked += 1
                continue
            times.failed += 1
            asked += 1


async def all_visitors(port: int, count: int, options: argparse.Namespace) -> Times:
    """Let so many visit at once."""
    times = Times()
    await asyncio.gather(*(visitor(port, n, options, times) for n in range(count)))
    return times


async def floor(port: int, count: int, options: argparse.Namespace) -> list[float]:
    """Measure the reruns of an empty page, by as many sessions with the same pauses."""
    taken: list[float] = []

    async def looks(number: int) -> None:
        draw = random.Random(number)
        async with tab(port) as own:
            await own.ask("")
            for _ in range(options.requests):
                await asyncio.sleep(draw.expovariate(1 / options.pause))
                taken.append(await own.ask(""))

    await asyncio.gather(*(looks(n) for n in range(count)))
    return taken


async def merged(port: int, count: int) -> dict[str, float]:
    """Ask one question from all sessions at once; count how often it is computed."""
    before = status(port)["jobs"]["analysis"]["started"]
    names = list(samples())

    async def asks() -> float:
        async with tab(port) as own:
            return await own.ask(f"network={LIGHT}&sample={names[-1]}&target=7&score=loss")

    taken = await asyncio.gather(*(asks() for _ in range(count)))
    return {
        "sessions": count,
        "computed": status(port)["jobs"]["analysis"]["started"] - before,
        "slowest": max(taken),
    }


@contextmanager
def server(*command: str, port: int, home: str):
    """Run a server until the block ends."""
    environment = {**os.environ, "RESNET_VIZ_HOME": home}
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            if time.monotonic() > deadline:
                raise TimeoutError("the server did not start")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def status(port: int) -> dict:
    """What the app says about itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=PATIENCE) as answer:
        return json.loads(answer.read())


async def followed(port: int, work: Awaitable[Times], seconds: float) -> tuple[Times, list]:
    """Wait for the visitors; note the server's memory, files and threads meanwhile."""
    samples_of: list[dict] = []
    task = asyncio.ensure_future(work)
    began = time.monotonic()
    while not task.done():
        await asyncio.wait([task], timeout=seconds)
        told = await asyncio.to_thread(status, port)
        samples_of.append({"minute": (time.monotonic() - began) / 60, **told})
    return task.result(), samples_of


def slope(rows: list[dict]) -> float:
    """Megabytes a minute over the second half, by least squares."""
    half = rows[len(rows) // 2 :]
    if len(half) < 3:
        return 0.0
    return statistics.linear_regression(
        [row["minute"] for row in half], [row["memory_mb"] for row in half]
    ).slope


def spread(seconds: list[float]) -> dict[str, float]:
    """Return median and 95th percentile in seconds, and the number of requests."""
    if not seconds:
        return {"requests": 0}
    ranked = sorted(seconds)
    last = len(ranked) - 1
    return {
        "requests": len(ranked),
        "p50": round(ranked[last // 2], 4),
        "p95": round(ranked[round(0.95 * last)], 4),
    }


def measure(options: argparse.Namespace) -> list[dict]:
    """Measure every number of sessions."""
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        bare = Path(home) / "floor.py"
        bare.write_text(FLOOR, encoding="utf-8")
        command = ["streamlit", "run", str(bare), "--server.address=127.0.0.1",
                   f"--server.port={PORT + 1}", "--server.headless=true",
                   "--browser.gatherUsageStats=false"]  # fmt: skip
        ours = ["resnet_viz", "app", "--port", str(PORT), "--no-browser"]
        for count in options.sessions:
            with server(*command, port=PORT + 1, home=home):
                bare_times = asyncio.run(floor(PORT + 1, count, options))
            with server(*ours, port=PORT, home=home):
                asyncio.run(_warm(options))
                times, memory = asyncio.run(
                    followed(PORT, all_visitors(PORT, count, options), options.every)
                )
                once = asyncio.run(merged(PORT, min(count, 10)))
            row = {
                "sessions": count,
                "floor": spread(bare_times),
                "light": spread(times.light),
                "analysis": spread(times.analysis),
                "failed": times.failed,
                "merged": once,
                "most_mb": max(one["memory_mb"] for one in memory),
                "slope_mb_a_minute": round(slope(memory), 2),
                "memory": [(round(one["minute"], 2), one["memory_mb"]) for one in memory],
            }
            if row["floor"].get("p95") and row["light"].get("p95"):
                row["light_over_floor"] = round(row["light"]["p95"] / row["floor"]["p95"], 2)
            rows.append(row)
            print(json.dumps({k: v for k, v in row.items() if k != "memory"}), flush=True)
    return rows


async def _warm(options: argparse.Namespace) -> None:
    """Open the page once: imports are not what is measured."""
    async with tab(PORT) as first:
        await first.ask(questions(-1, HEAVY if options.heavy else LIGHT)())


def main() -> int:
    """Measure, print and save; 1 if memory grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", default="10", help="numbers, separated by commas")
    parser.add_argument("--requests", type=int, default=20, help="of each session")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two, on average")
    parser.add_argument("--share", type=float, default=0.1, help="of requests that are analyses")
    parser.add_argument("--heavy", action="store_true", help="ResNet-152 instead of ResNet-20")
    parser.add_argument("--minutes", type=float, default=0.0, help="go on for so long")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.sessions = [min(int(n), MOST_SESSIONS) for n in options.sessions.split(",")]
    rows = measure(options)
    if options.out is not None:
        about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(),
                 "machine": platform.machine(), "python": platform.python_version()}  # fmt: skip
        options.out.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
    grows = options.minutes > 0 and any(row["slope_mb_a_minute"] > MOST_SLOPE for row in rows)
    return int(grows or any(row["failed"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
