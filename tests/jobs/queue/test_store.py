"""Runs in one process: their record, their queue, and every way in which they can end."""

import threading

import pytest

from resnet_viz.core.errors import DataError, FailureError, RunError
from resnet_viz.jobs import kinds
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.records import RunState

Q, R, S = RunState.QUEUED, RunState.RUNNING, RunState.STOPPED


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
        module.made = function
        monkeypatch.setitem(sys.modules, "made_jobs", module)
        monkeypatch.setattr(kinds, "KINDS", {"made": "made_jobs:made"})

    return register


def counting(config, folder):
    for number in range(config["count"]):
        yield {"key": f"n/{number}", "value": number}


def test_a_run_is_recorded_and_read_again(store, job):
    job(counting)
    run_id = store.create("made", {"count": 3}, "three", "cpu")
    assert execute(store, run_id) is RunState.DONE
    status = store.status(run_id)
    assert [(e.key, e.body["value"]) for e in status.events] == [("n/0", 0), ("n/1", 1), ("n/2", 2)]
    assert store.status(run_id, after=status.sequence).events == ()
    assert (status.run.title, status.run.config) == ("three", {"count": 3})
    assert RunStore(store.root).run(run_id) == status.run


def test_an_event_told_twice_is_there_once_and_is_news_again(store, job):
    job(counting)
    run_id = store.create("made", {"count": 2}, "", "cpu")
    execute(store, run_id)
    seen = store.status(run_id).sequence
    store.record(run_id, "n/0", {"value": 7})
    assert {e.key: e.body["value"] for e in store.status(run_id).events} == {"n/0": 7, "n/1": 1}
    assert [e.key for e in store.status(run_id, seen).events] == ["n/0"]


def test_the_queue_keeps_its_order_by_device(store):
    first, second, third = (store.create("made", {}, "", "cpu") for _ in range(3))
    elsewhere = store.create("made", {}, "", "cuda")
    assert store.queue("cpu") == [first, second, third]
    assert [store.run(r).position for r in (first, second, third, elsewhere)] == [1, 2, 3, 1]
    store.move(first, R, when=(Q,))
    assert [store.run(r).position for r in (first, second, third)] == [None, 1, 2]
    store.move(first, S, when=(R,))
    store.move(first, Q, when=(S,))
    assert store.queue("cpu") == [second, third, first]


def test_two_cannot_do_one_run(store, job):
    job(counting)
    run_id = store.create("made", {"count": 1}, "", "cpu")
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(execute(store, run_id))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["None", "None", "None", "done"]


def test_a_stopped_run_closes_its_job_and_can_go_on(store, job):
    closed = []

    def patient(config, folder):
        try:
            for number in range(10_000):
                if number == 5:
                    store.move(run_id, RunState.STOPPING, when=(R,))
                    threading.Event().wait(0.4)
                yield {"key": f"n/{number}"}
        except GeneratorExit:
            closed.append(True)
            raise

    job(patient)
    run_id = store.create("made", {}, "", "cpu")
    assert execute(store, run_id) is S
    assert closed == [True]
    assert len(store.status(run_id).events) == 6
    assert store.move(run_id, Q, when=(S,))


def test_a_process_that_must_leave_stops_its_run(store, job):
    job(counting)
    run_id = store.create("made", {"count": 100}, "", "cpu")
    answers = iter([False, False, True])
    assert execute(store, run_id, leaving=lambda: next(answers)) is S
    assert len(store.status(run_id).events) == 3


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "run_disk_full"),
        (MemoryError(), "run_memory"),
        (OutOfMemoryError("CUDA out of memory"), "run_memory"),
        (ZeroDivisionError(), "run_broke"),
        (DataError("sheet_damaged", path="cat.webp"), "sheet_damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_failure_is_a_sentence_and_the_traceback_is_kept(store, job, error, code):
    def failing(config, folder):
        yield {"key": "a"}
        raise error

    job(failing)
    run_id = store.create("made", {}, "", "cpu")
    with pytest.raises(type(error)):
        execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.error.code) == (RunState.FAILED, code)
    assert str(run.error).endswith(".")
    assert type(error).__name__ in (store.folder(run_id) / "error.txt").read_text()


def test_ctrl_c_leaves_a_run_to_resume(store, job):
    def interrupted(config, folder):
        yield {"key": "a"}
        raise KeyboardInterrupt

    job(interrupted)
    run_id = store.create("made", {}, "", "cpu")
    with pytest.raises(KeyboardInterrupt):
        execute(store, run_id)
    assert store.run(run_id).state is S


def test_progress_is_written_seldom(store, job):
    def chatty(config, folder):
        for number in range(500):
            yield {"key": "progress", "number": number}

    job(chatty)
    run_id = store.create("made", {}, "", "cpu")
    written = []
    original = store.record
    store.record = lambda *a: (written.append(a), original(*a))
    execute(store, run_id)
    assert len(written) < 50


def test_removing_a_run_removes_its_files(store):
    run_id = store.create("made", {}, "", "cpu")
    (store.folder(run_id) / "weights").write_text("w")
    store.remove(run_id)
    assert not store.folder(run_id).exists()
    with pytest.raises(RunError, match="no run"):
        store.run(run_id)


@pytest.mark.parametrize("run_id", ["", "../../etc", "x" * 100_000, "nothing"])
def test_an_unknown_run_is_one_sentence(store, run_id):
    with pytest.raises(RunError, match="no run"):
        store.status(run_id)


def test_a_record_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "runs.sqlite").write_text("this is not a database, but long enough to be read")
    with pytest.raises(FailureError, match="record of runs"):
        RunStore(tmp_path)


def test_many_threads_write_without_losing_an_event(store, job):
    run_id = store.create("made", {}, "", "cpu")

    def write(number):
        for i in range(20):
            store.record(run_id, f"{number}/{i}", {"i": i})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.status(run_id).events) == 120
