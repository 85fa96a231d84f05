"""What the server says about itself: whether it can serve, and a small JSON for a teacher."""

import asyncio
from collections import Counter

from starlette.responses import JSONResponse, PlainTextResponse, Response
from streamlit.runtime import Runtime

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.threads import ENGINES
from resnet_viz.ui.frame.held_memory import held


async def is_ready() -> Response:
    """200 if pages and the record of runs can be used, 503 with the reason if not."""
    try:
        await asyncio.to_thread(RunStore)
    except ResnetVizError as error:
        return PlainTextResponse(f"{error}\n", 503)
    return PlainTextResponse("ready\n")


async def status_json() -> Response:
    """Memory, sessions, runs by state, and jobs by engine; no names, titles or addresses."""
    try:
        runs = await asyncio.to_thread(lambda: Counter(RunStore().states()))
    except ResnetVizError as error:
        return JSONResponse({"error": str(error)}, 503)
    return JSONResponse(
        {
            "memory_mb": None if (bytes_held := held()) is None else round(bytes_held / 1e6),
            "sessions": _sessions(),
            "runs": {state.value: runs.get(state.value, 0) for state in JobState},
            "jobs": {
                name: {"waiting": engine.waiting, "running": engine.at_work,
                       "started": engine.started, "kept_mb": round(engine.bytes / 1e6)}
                for name, engine in sorted(ENGINES.items())
            },
        }
    )  # fmt: skip


def _sessions() -> int:
    """Open tabs; 0 where no server runs."""
    if not Runtime.exists():
        return 0
    return Runtime.instance()._session_mgr.num_active_sessions()
