"""The app in a window: its size is remembered, and its server ends with it."""

import subprocess
import sys
import types

import pytest
from typer.testing import CliRunner

from resnet_viz.cli import app, desktop_command, launch
from resnet_viz.cli.desktop_command import remember_size, remembered_size
from resnet_viz.core.places import home


class Event:
    def __init__(self):
        self.handlers = []

    def __iadd__(self, handler):
        self.handlers.append(handler)
        return self


@pytest.fixture
def window(monkeypatch):
    """pywebview, whose window is resized and closed at once."""
    library = types.ModuleType("webview")
    library.opened = []

    def create_window(title, address, **options):
        library.opened.append((title, address, options))
        library.window = types.SimpleNamespace(events=types.SimpleNamespace(resized=Event()))
        return library.window

    def start():
        for handler in library.window.events.resized.handlers:
            handler(1000.4, 700)

    library.create_window, library.start = create_window, start
    monkeypatch.setitem(sys.modules, "webview", library)
    return library


@pytest.fixture
def servers(monkeypatch):
    """Processes that were started in place of the server; they answer at once."""
    begun, start = [], subprocess.Popen
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]

    def sleeper(command, env):
        begun.append(start(sleeping))
        begun[-1].asked = command
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", sleeper)
    monkeypatch.setattr(desktop_command, "_wait", lambda *_: None)
    return begun


def test_the_window_ends_its_server_and_comes_back_as_large(window, servers):
    for size in ((1280, 860), (1000, 700)):
        assert CliRunner().invoke(app, ["desktop"]).exit_code == 0
        title, address, options = window.opened[-1]
        port = address.rpartition(":")[2]
        assert title == "resnet_viz"
        assert f"--server.port={port}" in servers[-1].asked
        assert (options["width"], options["height"]) == size
        assert servers[-1].poll() is not None


def test_without_the_library_the_browser_opens_and_a_sentence_says_so(servers, monkeypatch):
    monkeypatch.setitem(sys.modules, "webview", None)
    opened = []

    def open_browser(address):
        opened.append(address)
        servers[-1].terminate()

    monkeypatch.setattr("webbrowser.open", open_browser)
    result = CliRunner().invoke(app, ["desktop", "--port", "8577"])
    assert result.exit_code == 0
    assert opened == ["http://127.0.0.1:8577"]
    assert "pywebview, is not installed" in result.output


def test_a_server_that_ends_at_once_is_one_sentence(monkeypatch):
    ended = [sys.executable, "-c", ""]
    monkeypatch.setattr(launch, "server_command", lambda _: ended)
    result = CliRunner().invoke(app, ["desktop"])
    assert result.exit_code == 1
    assert "did not start" in result.output


@pytest.mark.parametrize("text", ["", "{", "[]", '{"width": 5}', '{"width": 9e9, "height": 700}'])
def test_a_damaged_size_is_the_usual_one(text):
    remember_size(900, 600)
    assert remembered_size() == (900, 600)
    (home() / "window.json").write_text(text)
    assert remembered_size() == (1280, 860)
