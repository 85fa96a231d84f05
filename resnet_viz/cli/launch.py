"""The server process of the browser app."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path

from resnet_viz.ui.frame.held_memory import MALLOC
from resnet_viz.ui.frame.serving import ALONE, Serving

_PATIENCE = 120  # seconds for a cold start
_SERVED = Path(__file__).resolve().parents[1] / "ui" / "frame" / "served_app.py"


def serve(port: int, *, browser: bool, host: str = "127.0.0.1", serving: Serving = ALONE) -> int:
    """Run the app until it is stopped, and return its exit code."""
    if browser:
        address = f"http://127.0.0.1:{port}"
        threading.Thread(target=_open_when_ready, args=(address,), daemon=True).start()
    server = subprocess.Popen(server_command(port, host), env=server_environment(serving))
    # A service is ended by this signal; the server must not live on and keep the port.
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def server_command(port: int, host: str = "127.0.0.1") -> list[str]:
    """Return the command of the server's process.

    Options for safety and speed are passed on the command line, since Streamlit reads
    ``.streamlit/config.toml`` only in the current folder.
    """
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",  # else Streamlit advertises itself; ``serve`` opens a browser
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "500",
        "server.disconnectedSessionTTL": "300",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "minimal",
        "client.showSidebarNavigation": "false",
        "runner.postScriptGC": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(_SERVED), *flags]


def server_environment(serving: Serving = ALONE) -> dict[str, str]:
    """Return the environment of the server's process.

    One thread of BLAS: for small maps, waiting for a second one costs more than it gives.
    """
    return {"OPENBLAS_NUM_THREADS": "1", **MALLOC, **os.environ, **serving.variable()}


def _open_when_ready(address: str) -> None:
    """Open a browser window as soon as the app responds."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                webbrowser.open(address)
                return
        except OSError:
            time.sleep(0.2)
