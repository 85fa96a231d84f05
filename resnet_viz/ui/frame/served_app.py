"""The app for its server: ``streamlit run`` finds ``app`` here.

A gate decides who comes in. Scripts and styles go out compressed, and torch is imported while the
browser still loads them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from resnet_viz.jobs.queue.servers import serve_home
from resnet_viz.ui.frame.held_memory import keep_trimmed
from resnet_viz.ui.frame.serving import serving
from resnet_viz.ui.frame.shell import warm_up
from resnet_viz.ui.frame.visitor_gate import Gate

_PACKAGE = Path(__file__).resolve().parents[2]
#: In the package if pip-installed, else in the checkout.
_SCRIPT = next(p for p in (_PACKAGE / "app.py", _PACKAGE.parent / "app.py") if p.is_file())
_SMALLEST = 2_000  # bytes that are worth compressing


@asynccontextmanager
async def _warm(_: st.App) -> AsyncIterator[None]:
    Thread(target=warm_up, daemon=True).start()
    keep_trimmed()
    serve_home()
    yield


app = st.App(
    _SCRIPT,
    lifespan=_warm,
    middleware=[
        Middleware(Gate, serving=serving()),
        Middleware(GZipMiddleware, minimum_size=_SMALLEST, compresslevel=5),
    ],
)
