"""Jobs on threads: done once, kept while there is room, stopped at the next record."""

import gc
import threading
import weakref

import pytest

from resnet_viz.core.errors import FailureError, OptionError
from resnet_viz.jobs.job import ANSWERED, ENDED, Job, JobState, JobStopped, value_job
from resnet_viz.jobs.threads import ThreadEngine
from tests.jobs.thread_jobs import Blocked, ten, value_of


@pytest.fixture
def engine():
    return ThreadEngine("test", threads=2, most_bytes=100)


@pytest.fixture
def measurements():
    return ThreadEngine("test", threads=2, most_jobs=24)


def test_equal_keys_share_one_computation_across_threads(engine):
    release, calls, jobs = threading.Event(), [], []

    def slow():
        calls.append(1)
        release.wait(10)
        return "result"

    def ask():
        jobs.append(engine.start(value_job("key", slow, ten)))

    visitors = [threading.Thread(target=ask) for _ in range(16)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    release.set()
    assert {value_of(running) for running in jobs} == {"result"}
    assert len(calls) == 1


def test_a_result_is_found_again_without_computing(engine):
    value_of(engine.start(value_job("key", lambda: 1, ten)))
    assert value_of(engine.start(value_job("key", lambda: 2, ten))) == 1
    assert engine.result("key") == 1


def test_records_grow_while_the_job_goes_on(measurements):
    blocked = Blocked()
    running = measurements.start(Job("a", blocked))
    assert blocked.begun.wait(10)
    assert running.poll().records == (1,)
    assert running.poll().state is JobState.RUNNING
    assert running.poll(after=1).records == ()
    running.stop()
    blocked.go.set()
    assert running.wait(10)
    assert running.poll(after=1).records == (2,)


def test_stop_ends_at_the_next_record_and_keeps_what_was_measured(measurements):
    blocked = Blocked()
    running = measurements.start(Job("a", blocked, kept=ENDED))
    assert blocked.begun.wait(10)
    running.stop()
    assert running.poll().state is JobState.STOPPING
    blocked.go.set()
    assert running.wait(10)
    status = running.poll()
    assert (status.state, status.error, status.records) == (JobState.STOPPED, None, (1, 2))
    assert blocked.closed
    assert measurements.find("a") is running
    measurements.forget_unfinished("a")
    assert measurements.find("a") is None


def test_a_stopped_job_has_no_result_and_begins_anew_when_asked_again(engine):
    blocked = Blocked()
    running = engine.start(Job("a", blocked))
    assert blocked.begun.wait(10)
    running.stop()
    blocked.go.set()
    assert running.wait(10)
    with pytest.raises(JobStopped):
        _ = running.poll().result
    assert engine.find("a") is None
    assert value_of(engine.start(value_job("a", lambda: "anew", ten))) == "anew"


def test_a_job_that_is_being_stopped_is_not_what_the_next_visitor_gets(engine, measurements):
    for engine_of_kind, kept, same in ((engine, ANSWERED, False), (measurements, ENDED, True)):
        blocked = Blocked()
        running = engine_of_kind.start(Job("a", blocked, size=ten, kept=kept))
        assert blocked.begun.wait(10)
        running.stop()
        again = engine_of_kind.start(Job("a", lambda: iter([3]), size=ten, kept=kept))
        assert (again is running) is same
        blocked.go.set()
        assert running.wait(10)
        assert again.wait(10)
        assert engine_of_kind.find("a") is again


def test_an_ended_job_holds_its_records_and_nothing_that_they_were_made_of(engine):
    class Weights:
        pass

    def ask():
        weights = Weights()
        running = engine.start(value_job("a", lambda: str(type(weights)), ten))
        value_of(running)
        return running, weakref.ref(weights)

    running, weights = ask()
    gc.collect()
    assert "Weights" in running.poll().result
    assert weights() is None


def test_whatever_a_job_raises_its_end_is_known(engine):
    def exits():
        raise SystemExit(1)

    def unmeasurable(_):
        raise ValueError("no size")

    for job in (value_job("a", exits, ten), value_job("b", lambda: 1, unmeasurable)):
        running = engine.start(job)
        assert running.wait(10)
        assert running.poll().state is JobState.FAILED
        assert running.poll().error.code == "unexpected"


def test_cancelling_ends_work_that_is_far_from_its_next_record(engine):
    cancelled = threading.Event()

    def records():
        yield 1
        assert cancelled.wait(10)
        raise ValueError("killed")

    running = engine.start(Job("a", records, cancel=cancelled.set))
    while not running.poll().records:
        running.wait(0.01)
    running.stop()
    assert running.wait(10)
    assert (running.poll().state, running.poll().error) == (JobState.STOPPED, None)


def test_a_queued_job_that_is_stopped_never_begins():
    engine, blocked, calls = ThreadEngine("test", threads=1), Blocked(), []
    first = engine.start(Job("first", blocked))
    second = engine.start(value_job("second", lambda: calls.append(1), ten))
    assert blocked.begun.wait(10)
    assert second.poll().state is JobState.QUEUED
    second.stop()
    assert second.wait(0)
    assert second.poll().state is JobState.STOPPED
    first.stop()
    blocked.go.set()
    value_of(engine.start(value_job("third", lambda: 3, ten)))
    assert not calls


def test_one_watchers_stop_leaves_what_another_waits_for(engine):
    blocked = Blocked()
    running = engine.start(Job("a", blocked))
    assert blocked.begun.wait(10)
    with running.watched():
        running.stop()
        assert running.poll().state is JobState.RUNNING
    running.stop()
    assert running.poll().state is JobState.STOPPING
    blocked.go.set()
    assert running.wait(10)


def test_an_error_of_ours_is_given_as_it_is_and_any_other_is_named(engine):
    def refused():
        raise OptionError("depth_unknown", depth=3, most=8)

    def broken():
        raise ZeroDivisionError

    ours = engine.start(value_job("a", refused, ten))
    other = engine.start(value_job("b", broken, ten))
    with pytest.raises(OptionError, match="depth"):
        value_of(ours)
    with pytest.raises(FailureError) as named:
        value_of(other)
    assert named.value.values["kind"] == "ZeroDivisionError"
    assert isinstance(named.value.__cause__, ZeroDivisionError)


def test_a_failure_is_not_kept_and_tried_again(engine):
    def fail():
        raise OptionError("depth_unknown", depth=3, most=8)

    failed = engine.start(value_job("key", fail, ten))
    assert failed.wait(10)
    assert engine.find("key") is None
    assert value_of(engine.start(value_job("key", lambda: "now", ten))) == "now"


def test_a_failure_is_kept_where_its_job_says_so(measurements):
    calls = []

    def fail():
        calls.append(1)
        raise OptionError("depth_unknown", depth=3, most=8)
        yield

    for _ in range(3):
        running = measurements.start(Job("key", fail, kept=ENDED))
        assert running.wait(10)
        assert running.poll().error.code == "depth_unknown"
    assert len(calls) == 1
    assert measurements.result("key") is None
