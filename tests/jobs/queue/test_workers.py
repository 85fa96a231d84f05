"""Workers are real processes here, and some of them are killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from resnet_viz import NetworkSpec
from resnet_viz.core.converter import encode
from resnet_viz.core.errors import RunError
from resnet_viz.jobs.codec import of_type
from resnet_viz.jobs.job import JobState, Running
from resnet_viz.jobs.queue import runs
from resnet_viz.jobs.queue import runs as local
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.records import Epoch, TrainingProgress, TrainingStep
from resnet_viz.training.config import TrainingConfig
from resnet_viz.training.recipe import Recipe
from tests.source import ROOT

SPEC = NetworkSpec(depths=(1, 1), widths=(8, 16), input_size=8, input_channels=1)
PATIENCE = 240  # seconds; a worker imports torch first, and machines are shared


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """A home whose one worker serves every test that does not kill it: each start imports torch."""
    started: list[subprocess.Popen[bytes]] = []
    yield tmp_path_factory.mktemp("home"), started
    closed(started)


@pytest.fixture(autouse=True)
def home(shared_home, monkeypatch):
    path, started = shared_home
    monkeypatch.setenv("RESNET_VIZ_HOME", str(path))
    monkeypatch.setattr(local, "_WORKERS", started)


@pytest.fixture
def own_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    monkeypatch.setattr(local, "_WORKERS", [])
    yield
    closed(local._WORKERS)


def closed(workers):
    for worker in workers:
        worker.stdin.close()
        worker.wait(PATIENCE)


def config(epochs=3, images=300, pair=True):
    recipe = Recipe(epochs=epochs, learning_rate=0.05, batch_size=4, images=images)
    return TrainingConfig(network=SPEC, pair=pair, data="digits", recipe=recipe)


def submit(title="run", **options):
    return runs.submit("train", config(**options), title=title)


def wait(run_id, condition):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status = runs.poll(run_id)
        if condition(status):
            return status
        time.sleep(0.2)  # each look reads every record
    raise AssertionError((status.state, status.error, _log()))


def _log():
    return (RunStore().root / "worker.log").read_text()


def ended(status):
    return not status.state.active


def curve(status):
    epochs = of_type(status.records, Epoch)
    return {epoch.key: encode(replace(epoch, images_per_second=0.0)) for epoch in epochs}


def weights(run_id):
    folder = RunStore().folder(run_id)
    return {kind: load_file(folder / f"{kind}.safetensors") for kind in ("residual", "plain")}


@pytest.mark.slow
def test_killed_in_the_middle_of_an_epoch_and_resumed_equals_uninterrupted_bit_for_bit(own_worker):
    whole = submit("whole", epochs=5)
    expected = wait(whole, ended)
    assert expected.state is JobState.DONE
    broken = submit("broken", epochs=5)
    wait(broken, lambda s: any(p.epoch >= 2 for p in of_type(s.records, TrainingProgress)))
    assert runs.poll(broken).state is JobState.RUNNING
    (worker,) = [w for w in local._WORKERS if w.poll() is None]
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    died = runs.poll(broken)
    assert died.state is JobState.STOPPED
    assert "resume it" in str(died.error)
    runs.resume(broken)
    resumed = wait(broken, ended)
    assert resumed.state is JobState.DONE
    assert curve(resumed) == curve(expected)
    for kind, tensors in weights(whole).items():
        for name, value in tensors.items():
            assert value.equal(weights(broken)[kind][name]), (kind, name)


def test_runs_wait_their_turn_stop_and_go_on():
    first = submit("first", epochs=200, images=0)
    second, third = submit("second", epochs=1, images=100), submit("third", epochs=1, images=100)
    wait(first, lambda s: of_type(s.records, TrainingStep))
    assert [runs.poll(r).position for r in (first, second, third)] == [None, 1, 2]
    with pytest.raises(RunError, match="going on"):
        runs.delete(first)
    with pytest.raises(RunError, match="cannot be resumed"):
        runs.resume(first)
    runs.stop(second)
    assert runs.poll(second).state is JobState.STOPPED
    runs.stop(first)
    assert wait(first, ended).state is JobState.STOPPED
    assert (RunStore().folder(first) / "state.safetensors").is_file()
    assert wait(third, ended).state is JobState.DONE
    runs.resume(second)
    assert wait(second, ended).state is JobState.DONE
    runs.rename(third, " a better name ")
    titles = {run.id: run.title for run in runs.listed()}
    assert [titles[r] for r in (first, second, third)] == ["first", "second", "a better name"]
    runs.delete(first)
    assert first not in {run.id for run in runs.listed()}


def test_a_run_that_fails_harms_no_other():
    bad = runs.submit("train", replace(config(), data="/no/such/folder"), title="bad")
    good = submit("good", epochs=1, images=100, pair=False)
    failed = wait(bad, ended)
    assert failed.state is JobState.FAILED
    assert "no data set" in str(failed.error)
    assert wait(good, ended).state is JobState.DONE


def test_an_unknown_kind_is_refused_before_anything_is_queued():
    with pytest.raises(RunError, match="train"):
        runs.submit("no-such-kind", None, title="x")
    assert "x" not in [run.title for run in runs.listed()]


def test_a_run_is_a_job_like_any_other():
    run = runs.QueuedRun(submit("any", epochs=1, images=100, pair=False))
    assert isinstance(run, Running)
    assert run.wait(PATIENCE)
    status = run.poll()
    assert status.state is JobState.DONE
    assert len(run.poll(after=len(status.records) - 1).records) == 1
    run.stop()
    assert run.poll().state is JobState.DONE


def test_a_worker_ends_when_its_server_s_pipe_closes_and_the_run_can_go_on():
    """Last, because the worker of the tests above ends."""
    run_id = submit(epochs=200, images=0)
    wait(run_id, lambda s: of_type(s.records, TrainingStep))
    (worker,) = [w for w in local._WORKERS if w.poll() is None]
    worker.stdin.close()
    assert worker.wait(PATIENCE) == 0
    left_whole(RunStore(), run_id)


def left_whole(store, run_id):
    assert store.run(run_id).state is JobState.STOPPED
    assert (store.folder(run_id) / "state.safetensors").is_file()
    assert not list(Path(store.folder(run_id)).glob(".*partial"))


@pytest.mark.slow
def test_workers_end_with_their_server_and_the_run_can_go_on(own_worker):
    code = (
        "import time; from resnet_viz.core.converter import decode\n"
        "from resnet_viz.jobs.queue import runs; from resnet_viz.training.config import *\n"
        f"run = runs.submit('train', decode(TrainingConfig, {encode(config(200, 0))!r}),"
        " title='x')\nprint(run, flush=True)\ntime.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    run_id = server.stdout.readline().decode().strip()
    store = RunStore()
    deadline = time.monotonic() + PATIENCE
    while not store.events(run_id, TrainingStep):
        assert time.monotonic() < deadline, _log()
        time.sleep(0.05)
    server.kill()
    server.wait(10)
    server.stdout.close()
    while store.run(run_id).state is JobState.RUNNING:
        assert time.monotonic() < deadline, "the worker outlived its server"
        time.sleep(0.05)
    left_whole(store, run_id)
