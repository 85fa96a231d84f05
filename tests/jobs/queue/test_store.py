"""Runs in one process: their record, their queue, and every way in which they can end."""

import threading

import pytest

from resnet_viz.core.errors import DataError, FailureError, RunError
from resnet_viz.jobs.job import JobState
from resnet_viz.jobs.queue.execute import execute
from resnet_viz.jobs.queue.run_store import RunStore
from resnet_viz.jobs.queue.servers import another_lives, present
from resnet_viz.jobs.queue.worker import work
from tests.jobs.queue.made_runs import Config, Number, Progress, counting

Q, R, S = JobState.QUEUED, JobState.RUNNING, JobState.STOPPED


def test_a_run_is_recorded_and_read_again(store, job):
    job(counting)
    run_id = store.create("made", Config(3), "three", "cpu")
    assert execute(store, run_id) is JobState.DONE
    status = store.status(run_id)
    assert status.records == (Number(0, 0), Number(1, 1), Number(2, 2))
    assert store.status(run_id, after=status.sequence).records == ()
    assert (status.run.title, status.run.config) == ("three", Config(3))
    assert RunStore(store.root).run(run_id) == status.run


def test_equal_titles_are_numbered(store):
    made = [store.create("made", Config(), "digits", "cpu") for _ in range(3)]
    made.append(store.create("made", Config(), "digits (2)", "cpu"))
    titles = [store.run(run_id).title for run_id in made]
    assert titles == ["digits", "digits (2)", "digits (3)", "digits (2) (2)"]
    assert store.run(store.create("gone", {}, "digits", "cpu")).title == "digits"


def test_an_event_told_twice_is_there_once_and_is_news_again(store, job):
    job(counting)
    run_id = store.create("made", Config(2), "", "cpu")
    execute(store, run_id)
    seen = store.status(run_id).sequence
    store.record(run_id, Number(0, 7))
    assert store.status(run_id).records == (Number(1, 1), Number(0, 7))
    assert store.status(run_id, seen).records == (Number(0, 7),)
    assert store.events(run_id, Number) == (Number(1, 1), Number(0, 7))
    assert store.events(run_id, Progress) == ()


def test_the_queue_keeps_its_order_by_device(store):
    first, second, third = (store.create("made", Config(), "", "cpu") for _ in range(3))
    elsewhere = store.create("made", Config(), "", "cuda")
    assert store.queue("cpu") == [first, second, third]
    assert [store.run(r).position for r in (first, second, third, elsewhere)] == [1, 2, 3, 1]
    store.move(first, R, when=(Q,))
    assert [store.run(r).position for r in (first, second, third)] == [None, 1, 2]
    store.move(first, S, when=(R,))
    store.move(first, Q, when=(S,))
    assert store.queue("cpu") == [second, third, first]


def test_two_cannot_do_one_run(store, job):
    job(counting)
    run_id = store.create("made", Config(1), "", "cpu")
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
                    store.move(run_id, JobState.STOPPING, when=(R,))
                    threading.Event().wait(0.4)
                yield Number(number)
        except GeneratorExit:
            closed.append(True)
            raise

    job(patient)
    run_id = store.create("made", Config(), "", "cpu")
    assert execute(store, run_id) is S
    assert closed == [True]
    assert len(store.status(run_id).records) == 6
    assert store.move(run_id, Q, when=(S,))


def test_a_process_that_must_leave_stops_its_run(store, job):
    job(counting)
    run_id = store.create("made", Config(100), "", "cpu")
    answers = iter([False, False, True])
    assert execute(store, run_id, leaving=lambda: next(answers)) is S
    assert len(store.status(run_id).records) == 3


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
        yield Number(0)
        raise error

    job(failing)
    run_id = store.create("made", Config(), "", "cpu")
    with pytest.raises(type(error)):
        execute(store, run_id)
    run = store.run(run_id)
    assert (run.state, run.error.code) == (JobState.FAILED, code)
    assert str(run.error).endswith(".")
    assert type(error).__name__ in (store.folder(run_id) / "error.txt").read_text()


def test_ctrl_c_leaves_a_run_to_resume(store, job):
    def interrupted(config, folder):
        yield Number(0)
        raise KeyboardInterrupt

    job(interrupted)
    run_id = store.create("made", Config(), "", "cpu")
    with pytest.raises(KeyboardInterrupt):
        execute(store, run_id)
    assert store.run(run_id).state is S


def test_progress_is_written_seldom(store, job):
    def chatty(config, folder):
        for number in range(500):
            yield Progress(number)

    job(chatty)
    run_id = store.create("made", Config(), "", "cpu")
    written = []
    original = store.record
    store.record = lambda *a: (written.append(a), original(*a))
    execute(store, run_id)
    assert len(written) < 50


def test_removing_a_run_removes_its_files(store):
    run_id = store.create("made", Config(), "", "cpu")
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


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(FailureError, match="record of runs"):
        RunStore(tmp_path / place)


def test_what_a_killed_process_left_half_written_is_gone_when_the_run_goes_on(store, job):
    job(counting)
    run_id = store.create("made", Config(), "", "cpu")
    left = store.folder(run_id) / ".0123456789ab.partial"
    left.write_bytes(b"half")
    execute(store, run_id)
    assert not left.exists()


def test_many_threads_write_without_losing_an_event(store, job):
    job(counting)
    run_id = store.create("made", Config(), "", "cpu")

    def write(number):
        for i in range(20):
            store.record(run_id, Number(i, thread=number))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.status(run_id).records) == 120


def test_owners_take_turns(store):
    def queued(owner, count):
        return [store.create("made", Config(), "", "cpu", owner) for _ in range(count)]

    anna, ben, carl = queued("anna", 4), queued("ben", 2), queued("carl", 1)
    order = [anna[0], ben[0], carl[0], anna[1], ben[1], anna[2], anna[3]]
    assert store.queue("cpu") == order
    assert [store.run(run_id).position for run_id in order] == list(range(1, 8))
    done = []
    while queue := store.queue("cpu"):
        store.move(queue[0], R, when=(Q,))
        store.move(queue[0], JobState.DONE, when=(R,))
        done.append(queue[0])
        if len(done) == 3:
            late = queued("dora", 1)
    assert done == [*order[:3], *late, *order[3:]]


def test_titles_are_numbered_for_each_owner(store):
    for owner, title in (("anna", "digits"), ("ben", "digits"), ("ben", "digits (2)")):
        run = store.run(store.create("made", Config(), "digits", "cpu", owner))
        assert (run.owner, run.title) == (owner, title)


def test_a_worker_that_loses_its_server_hands_its_run_to_another_server(store, job):
    leaving = threading.Event()

    def patient(config, folder):
        leaving.set()
        yield Number(0)
        yield Number(1)

    job(patient)
    run_id = store.create("made", Config(), "", "cpu")
    work(store, "cpu", leaving)
    assert store.run(run_id).state is S  # nobody else is there
    store.move(run_id, Q, when=(S,))
    leaving.clear()
    other = present(store)
    work(store, "cpu", leaving)
    other.release()
    assert store.run(run_id).state is Q
    assert not another_lives(store)
    assert not list(store.root.glob("server-*"))
