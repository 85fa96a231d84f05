"""The app in a window of its own."""

import json
import socket
import subprocess
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_viz.cli.options import Debug, guarded, in_range
from resnet_viz.core.errors import FailureError
from resnet_viz.core.places import home
from resnet_viz.core.text import Text

_PATIENCE = 120  # seconds for a cold start
_USUAL = (1280, 860)  # pixels of the window
_LEAST, _MOST = 400, 10_000


@guarded
def desktop(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for a free one.")] = 0,
    debug: Debug = False,
) -> None:
    """Open the app in a window of its own, and end it with the window."""
    from resnet_viz.cli import launch

    in_range("port", port, 0, 65535)
    port = port or _free_port()
    server = subprocess.Popen(launch.server_command(port), env=launch.server_environment())
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, server)
        window = _window_library()
        if window is None:
            typer.echo(Text("en")("serve.no_window", address=address), err=True)
            webbrowser.open(address)
            server.wait()
        else:
            _show(window, address)
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()


def _window_library() -> Any:  # an optional library without types
    """The library that shows a page in a window of the system; None if it is not installed."""
    try:
        import webview
    except ImportError:
        return None
    return webview


def _show(webview: Any, address: str) -> None:
    """Show the page until the window is closed; its size is remembered."""
    width, height = remembered_size()
    window = webview.create_window(
        "resnet_viz", address, width=width, height=height, min_size=(_LEAST, _LEAST)
    )
    window.events.resized += remember_size
    webview.start()


def remembered_size() -> tuple[int, int]:
    """Return width and height of the last window; the usual ones if they are not known."""
    try:
        values = json.loads(_size_file().read_text(encoding="utf-8"))
        width, height = (int(values[name]) for name in ("width", "height"))
    except (OSError, ValueError, KeyError, TypeError):
        return _USUAL
    fits = _LEAST <= width <= _MOST and _LEAST <= height <= _MOST
    return (width, height) if fits else _USUAL


def remember_size(width: float, height: float) -> None:
    """Keep the size of the window; a home that cannot be written loses it."""
    from resnet_viz.core.saving import whole_file

    try:
        _size_file().parent.mkdir(parents=True, exist_ok=True)
        with whole_file(_size_file()) as partial:
            partial.write_text(json.dumps({"width": int(width), "height": int(height)}))
    except OSError:
        return


def _size_file() -> Path:
    return home() / "window.json"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the app answers; ``FailureError`` if its server ends or is too slow."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise FailureError("app_not_started", address=address)
