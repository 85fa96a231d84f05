"""Live measurements: one computation for all who ask the same, a stop that works, errors kept."""

import threading

from resnet_viz.core.errors import OptionError
from resnet_viz.ui.running.live import LiveStore


def test_equal_requests_share_one_computation():
    store, runs = LiveStore(), []

    def make():
        runs.append(1)
        yield from (1, 2, 3)

    first, second = store.get("a", make), store.get("a", make)
    assert first is second
    assert first.wait(10)
    assert first.records == [1, 2, 3]
    assert runs == [1]


def test_stopping_ends_at_the_next_record_and_keeps_what_was_measured():
    store, go = LiveStore(), threading.Event()

    def make():
        yield 1
        go.wait(10)
        yield 2
        raise AssertionError("went on")

    running = store.get("a", make)
    while not running.records:
        running.wait(0.01)
    running.stop()
    go.set()
    assert running.wait(10)
    assert running.stopped
    assert running.error is None
    assert running.records == [1, 2]
    store.forget_unfinished("a")
    assert not store.known("a")


def test_an_error_of_ours_is_kept_and_any_other_is_named():
    store = LiveStore()

    def refused():
        raise OptionError("depth_unknown", depth=3, most=8)
        yield

    def broken():
        raise ZeroDivisionError
        yield

    ours, other = store.get("a", refused), store.get("b", broken)
    assert ours.wait(10)
    assert other.wait(10)
    assert ours.error.code == "depth_unknown"
    assert other.error.values["kind"] == "ZeroDivisionError"


def test_only_the_last_measurements_and_records_are_kept():
    store = LiveStore()
    for number in range(40):
        assert store.get(number, lambda: iter(range(5)), keep=2).wait(10)
    assert not store.known(0)
    assert store.get(39, lambda: iter(())).records == [3, 4]
