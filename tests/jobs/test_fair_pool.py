"""Owners take turns on threads, heavy work has its own lane, and seconds are counted."""

import threading

import pytest

from resnet_viz.core.errors import RunError
from resnet_viz.jobs import fair_pool
from resnet_viz.jobs.fair_pool import FairPool
from resnet_viz.jobs.job import Job, JobState, value_job
from resnet_viz.jobs.threads import ThreadEngine
from tests.jobs.thread_jobs import Blocked, ten, value_of


def test_owners_take_turns():
    pool, go, done = FairPool("test", threads=1), threading.Event(), []
    ended = threading.Event()
    pool.submit(lambda: go.wait(10), owner="first")
    for owner, count in (("anna", 3), ("ben", 1), ("carl", 2)):
        for number in range(count):
            pool.submit(lambda who=owner, n=number: done.append((who, n)), owner=owner)
    pool.submit(ended.set, owner="zoe")
    go.set()
    assert ended.wait(10)
    pool.submit(ended.set)
    turns = ["anna", "ben", "carl", "anna", "carl", "anna"]
    while len(done) < len(turns):
        ended.wait(0.01)
    assert [owner for owner, _ in done] == turns
    assert [number for owner, number in done if owner == "anna"] == [0, 1, 2]


def test_heavy_work_never_keeps_light_work_waiting():
    engine = ThreadEngine("test", threads=1)
    blocked = [Blocked() for _ in range(3)]
    heavy = [engine.start(Job(n, each, heavy=True)) for n, each in enumerate(blocked)]
    assert blocked[0].begun.wait(10)
    assert value_of(engine.start(value_job("light", lambda: "done", ten))) == "done"
    assert [each.state for each in heavy] == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED]
    for each, running in zip(blocked, heavy, strict=True):
        running.stop()
        each.go.set()
        assert running.wait(10)


def test_one_visitor_s_jobs_wait_for_each_other_not_for_everybody():
    visitor = ["anna"]
    engine = ThreadEngine("test", threads=1, whose=lambda: visitor[0])
    blocked, done = Blocked(), []
    first = engine.start(Job("a", blocked))
    assert blocked.begun.wait(10)
    last = [engine.start(value_job(n, lambda n=n: done.append(n), ten)) for n in range(5)]
    visitor[0] = "ben"
    bens = engine.start(value_job("b", lambda: done.append("ben"), ten))
    first.stop()
    blocked.go.set()
    for running in (bens, *last):
        value_of(running)
    assert done.index("ben") <= 1


def test_a_visitor_who_has_used_up_the_seconds_is_told_and_others_are_not(monkeypatch):
    visitor = ["anna"]
    engine = ThreadEngine("test", threads=1, whose=lambda: visitor[0], most_seconds=lambda: 0.05)
    value_of(engine.start(value_job("a", lambda: threading.Event().wait(0.1), ten)))
    while engine._pool.spent("anna") < 0.05:
        threading.Event().wait(0.01)
    refused = engine.start(value_job("b", lambda: 1, ten))
    assert refused.wait(0)
    with pytest.raises(RunError, match=r"used the 0\.05 seconds of computing"):
        value_of(refused)
    assert engine.find("b") is None
    assert engine.result("a") is False  # what is there may be looked at
    assert value_of(engine.start(value_job("a", lambda: 2, ten))) is False
    visitor[0] = "ben"
    assert value_of(engine.start(value_job("b", lambda: 1, ten))) == 1
    visitor[0] = "anna"
    monkeypatch.setattr(fair_pool, "_WINDOW", 0.0)
    assert value_of(engine.start(value_job("c", lambda: 1, ten))) == 1


def test_what_is_in_flight_counts_in_the_budget():
    engine = ThreadEngine("test", threads=1, most_bytes=100)
    for name in range(10):
        engine.put(name, "value", 10)
    blocked = Blocked()
    running = engine.start(Job("big", blocked, size=ten, needs=70))
    assert blocked.begun.wait(10)
    assert engine.bytes <= 100
    assert [name for name in range(10) if engine.result(name)] == [7, 8, 9]
    running.stop()
    blocked.go.set()
    assert running.wait(10)
    assert (engine.waiting, engine.at_work) == (0, 0)
