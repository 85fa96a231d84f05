"""Starting the app: flags independent of the folder, and a browser once the server responds."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import webbrowser

import pytest

from resnet_viz.cli import launch


class Server:
    """A process that has ended by itself."""

    def wait(self):
        return 0

    def terminate(self):
        return


@pytest.fixture
def started(monkeypatch):
    commands = []

    def start(command, env):
        commands.append(command)
        return Server()

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return commands


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_the_command(monkeypatch, number):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    servers, start = [], subprocess.Popen

    def sleeper(_, env):
        servers.append(start(command, env=env))
        return servers[0]

    monkeypatch.setattr(subprocess, "Popen", sleeper)
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()
    try:
        launch.serve(8555, browser=False)
    finally:
        timer.join()
        for each, handler in before.items():
            signal.signal(each, handler)
    assert servers[0].poll() is not None


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
