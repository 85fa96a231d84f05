"""Fixtures: a local web server."""

import pytest

from tests.checkpoints.web import serving


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as server:
        yield server
