"""A real server and a real Chromium. Without Chromium these tests are skipped and say so."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from resnet_viz.ui.frame.session import SEEN_COOKIE
from tests.source import ROOT

expect.set_options(timeout=60_000)  # milliseconds; a cold start imports torch

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    required = os.environ.get("RESNET_VIZ_REQUIRE_BROWSER") == "1"
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        if CHROMIUM is None and not required:
            item.add_marker(pytest.mark.skip(reason="browser tests need Chromium on the PATH"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as a new user starts it, on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "RESNET_VIZ_HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONPATH": str(ROOT),
        # No way out: every download fails at once, as on a machine without a network.
        **dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"),
        "no_proxy": "127.0.0.1,localhost",
    }
    log = (tmp_path_factory.mktemp("server") / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "resnet_viz", "app", "--port", str(port), "--no-browser"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)
        log.close()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the app ended before it answered"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the app did not answer within two minutes")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor who has left the first page, with an English browser, 1280 x 900.

    Fails on any error in the console.
    """
    with visit(browser) as page:
        yield page


@contextmanager
def visit(browser: Browser, *, seen: bool = True) -> Iterator[Page]:
    """A visitor; ``AssertionError`` at the end for any error in the console.

    ``seen``: this browser has left the first page before.
    """
    context = browser.new_context(
        locale="en-US", viewport={"width": 1280, "height": 900}, accept_downloads=True
    )
    if seen:
        cookie = {"name": SEEN_COOKIE, "value": "1", "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([cookie])
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if _is_an_error(message) else None,
    )
    yield page
    context.close()
    assert not problems


def _is_an_error(message: ConsoleMessage) -> bool:
    """Whether the console tells of an error of ours.

    On every page but the first, Streamlit (re)connects by asking for its own two addresses below
    the page's path first, which do not exist, and then at the root, where they do.
    """
    asked_for = str(message.location.get("url", ""))
    searching = asked_for.endswith(("/_stcore/health", "/_stcore/host-config"))
    return message.type == "error" and not searching
