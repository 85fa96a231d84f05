"""Starting the app: flags independent of the folder, and a browser once the server responds."""

import http.server
import subprocess
import threading
import webbrowser

import pytest

from resnet_viz.cli import launch


@pytest.fixture
def started(monkeypatch):
    commands = []
    monkeypatch.setattr(subprocess, "call", lambda command, env: commands.append(command) or 0)
    return commands


@pytest.mark.parametrize("browser", [True, False])
def test_streamlit_is_always_headless_and_local(started, monkeypatch, browser):
    opened = []
    monkeypatch.setattr(launch, "_open_when_ready", opened.append)
    assert launch.serve(8555, browser=browser) == 0
    (command,) = started
    assert {"--server.headless=true", "--server.address=127.0.0.1"} <= set(command)
    assert "--browser.gatherUsageStats=false" in command
    assert opened == (["http://127.0.0.1:8555"] if browser else [])


def test_the_browser_opens_once_the_app_answers(monkeypatch):
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *args):
            return

    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        launch._open_when_ready(address)
        server.shutdown()
    assert opened == [address]


def test_a_dead_app_opens_nothing(monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: pytest.fail("opened"))
    monkeypatch.setattr(launch, "_PATIENCE", 0.3)
    launch._open_when_ready("http://127.0.0.1:9")
