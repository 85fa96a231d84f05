"""A store of runs, and jobs that tests write themselves."""

import pytest

from resnet_viz.jobs import kinds
from resnet_viz.jobs.queue import run_rows
from resnet_viz.jobs.queue.run_store import RunStore
from tests.jobs.queue.made_runs import Config, Number, Progress


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def job(monkeypatch):
    """Registers a generator as the kind "made"."""
    import sys
    import types

    def register(function):
        module = types.ModuleType("made_jobs")
        module.made, module.Config, module.Event = function, Config, Number | Progress
        monkeypatch.setitem(sys.modules, "made_jobs", module)
        row = kinds.Row("made_jobs", "made", "Config", "Event")
        monkeypatch.setattr(kinds, "KINDS", {"made": row})
        monkeypatch.setattr(run_rows, "KINDS", {"made": row})
        kinds._imported.cache_clear()

    yield register
    kinds._imported.cache_clear()
