"""Jobs on threads: done once, kept while there is room, stopped at the next record."""

import gc
import threading
import weakref

import pytest

from resnet_viz.core.errors import FailureError, OptionError
from resnet_viz.jobs.job import ANSWERED, ENDED, Job, JobState, JobStopped, value_job
from resnet_viz.jobs.threads import ThreadEngine


@pytest.fixture
def engine():
    return ThreadEngine("test", threads=2, most_bytes=100)


@pytest.fixture
def measurements():
    return ThreadEngine("test", threads=2, most_jobs=24)


def ten(value):
    return 10


def value_of(running):
    assert running.wait(10)
    return running.poll().result


class Blocked:
    """Two records, the second one after ``go``; ``begun`` is set when the first is there."""

    def __init__(self):
        self.go, self.begun, self.closed = threading.Event(), threading.Event(), False

    def __call__(self):
        try:
            yield 1
            self.begun.set()
            self.go.wait(10)
            yield 2
            raise AssertionError("went on")
        finally:
            self.closed = True


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


def test_least_recently_used_goes_first(engine):
    for name in range(10):
        engine.put(name, f"value {name}", 10)
    assert engine.result(0) == "value 0"
    engine.put("new", "value", 10)
    assert engine.result(1) is None
    assert engine.result(0) == "value 0"
    assert engine.result("new") == "value"


def test_computed_results_are_evicted_by_bytes_as_well(engine):
    for number in range(11):
        assert value_of(engine.start(value_job(number, lambda: "value", ten))) == "value"
    assert engine.find(0) is None
    assert engine.find(1) is not None


def test_a_result_larger_than_the_budget_is_still_given(engine):
    huge = engine.start(value_job("huge", lambda: "huge", lambda _: 10_000))
    assert value_of(huge) == "huge"
    assert engine.result("huge") == "huge"


def test_cached_computes_once(engine):
    calls = []
    for _ in range(3):
        assert engine.cached("figure", lambda: calls.append(1) or "made", 10) == "made"
    assert len(calls) == 1


def test_memory_stays_within_the_budget(engine):
    for name in range(1000):
        engine.put(name, "x", 30)
    assert sum(engine.result(name) is not None for name in range(1000)) <= 3


def test_only_the_last_jobs_and_records_are_kept(measurements):
    for number in range(40):
        assert measurements.start(Job(number, lambda: iter(range(5)), last=2)).wait(10)
    assert measurements.find(0) is None
    assert len(measurements.running()) == 24
    kept = measurements.start(Job(39, lambda: iter(())))
    assert kept.poll().records == (3, 4)
    assert kept.poll(after=4).records == (4,)


def test_the_oldest_job_is_stopped_when_there_are_too_many():
    engine, blocked, watched = ThreadEngine("test", threads=3, most_jobs=2), Blocked(), Blocked()
    first, second = engine.start(Job("a", watched)), engine.start(Job("b", blocked))
    with first.watched():
        value_of(engine.start(value_job("c", lambda: 1, ten)))
        assert second.poll().state is JobState.STOPPING
        assert engine.find("a") is first
    first.stop()
    for each in (blocked, watched):
        each.go.set()
    assert first.wait(10)
    assert second.wait(10)


def test_a_forgotten_job_is_stopped_and_begins_anew(measurements):
    blocked = Blocked()
    running = measurements.start(Job("a", blocked))
    assert blocked.begun.wait(10)
    measurements.forget("a")
    assert running.poll().state is JobState.STOPPING
    assert value_of(measurements.start(value_job("a", lambda: "anew", ten))) == "anew"
    blocked.go.set()
    assert running.wait(10)
