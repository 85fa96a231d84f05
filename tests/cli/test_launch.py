"""Starting the app: flags independent of the folder, and a browser once the server responds."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import webbrowser

import pytest
from typer.testing import CliRunner

from resnet_viz.cli import app, launch
from resnet_viz.ui.frame.serving import ALONE, VARIABLE, Audience, Serving, serving


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


@pytest.fixture
def served(monkeypatch):
    """What the command asks of the server."""
    asked = []
    monkeypatch.setattr(launch, "serve", lambda port, **options: asked.append(options) or 0)

    def run(*options):
        asked.clear()
        result = CliRunner().invoke(app, ["app", *options])
        return result.exit_code, result.output, asked[0] if asked else None

    return run


def test_alone_on_loopback_nothing_is_said_and_nothing_is_asked(served):
    code, output, options = served("--no-browser")
    assert (code, output) == (0, "")
    assert options["serving"] == ALONE
    assert options["host"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "other people can reach the app"),
        (["--host", "192.168.1.20", "--shared"], "other people can reach the app"),
        (["--host", "0.0.0.0", "--class-code", "abc"], "at least 4 characters"),
        (["--open", "--trusted-host", "http://a.example"], "is no name of a server"),
        (["--open", "--frame-ancestor", "moodle; script-src *"], "is no origin"),
    ],
)
def test_a_way_in_that_is_not_meant_or_not_possible_is_refused(served, options, sentence):
    code, output, asked = served(*options)
    assert (code, asked) == (2, None)
    assert sentence in output


@pytest.mark.parametrize(
    ("options", "audience", "sees"),
    [
        (["--open"], Audience.CLASS, "only runs of their own"),
        (["--class-code", "maple"], Audience.CLASS, "only runs of their own"),
        (["--open", "--shared"], Audience.SHARED, "the runs of all"),
    ],
)
def test_the_terminal_says_who_comes_in_and_sees_what(served, options, audience, sees):
    code, output, asked = served(*options, "--host", "0.0.0.0", "--trusted-host", "Class.example.")
    assert code == 0
    how = asked["serving"]
    assert how.audience is audience
    assert "class.example" in how.hosts
    assert sees in output
    assert f"/?teacher={how.teacher_key}" in output
    assert len(how.teacher_key) >= 16
    assert "maple" not in output


def test_the_server_is_told_in_its_environment(started, monkeypatch):
    told = []
    monkeypatch.setattr(subprocess, "Popen", lambda _, env: told.append(env) or Server())
    how = Serving(Audience.CLASS, class_code="maple", frames=("https://a.example",))
    launch.serve(8555, browser=False, host="0.0.0.0", serving=how)
    monkeypatch.setenv(VARIABLE, told[0][VARIABLE])
    assert serving() == how
    assert told[0]["MALLOC_ARENA_MAX"] == "2"
