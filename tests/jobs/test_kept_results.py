"""Results of jobs on threads: kept while there is room, the oldest go first."""

import pytest

from resnet_viz.jobs.job import Job, JobState, value_job
from resnet_viz.jobs.threads import ThreadEngine
from tests.jobs.thread_jobs import Blocked, ten, value_of


@pytest.fixture
def engine():
    return ThreadEngine("test", threads=2, most_bytes=100)


@pytest.fixture
def measurements():
    return ThreadEngine("test", threads=2, most_jobs=24)


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
