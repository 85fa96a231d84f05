"""Which events of a run are stored: all but progress, and of that one every half second."""

from itertools import count
from pathlib import Path
from types import SimpleNamespace

from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue import execute as executing
from resnet_viz.records import TrainingPoint, TrainingProgress


def test_progress_is_stored_even_if_every_step_reports_something_else(monkeypatch):
    events = [
        one
        for step in range(10)
        for one in (TrainingPoint(step, {}, {}), TrainingProgress(1, 1, step + 1, 10))
    ]
    stored = []
    store = SimpleNamespace(
        run=lambda run_id: SimpleNamespace(kind="train", config="any", state=JobState.RUNNING),
        folder=lambda run_id: Path(),
        record=lambda run_id, event: stored.append(event),
    )
    kind = SimpleNamespace(config=str, job=lambda config, folder: (event for event in events))
    monkeypatch.setattr(executing, "job_kind", lambda name: kind)
    ticks = count()
    monkeypatch.setattr(executing, "time", SimpleNamespace(monotonic=lambda: 0.3 * next(ticks)))
    assert executing._report(store, "run", bool, bool) is JobState.DONE
    progress = [one.step for one in stored if isinstance(one, TrainingProgress)]
    assert progress == list(range(1, 11))
    assert sum(isinstance(one, TrainingPoint) for one in stored) == 10
    steps = [TrainingProgress(1, 1, step, 10) for step in range(10)]
    kind.job = lambda config, folder: (step for step in steps)
    stored.clear()
    executing._report(store, "run", bool, bool)
    assert 1 < len(stored) < 10
