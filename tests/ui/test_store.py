"""The store computes once, keeps what fits, and forgets failures."""

import threading

import pytest

from resnet_viz.ui.running.results import Store


@pytest.fixture
def store():
    return Store(budget=100)


def ten(value):
    return 10


def test_equal_requests_share_one_computation(store):
    started, release, calls = threading.Event(), threading.Event(), []

    def slow():
        calls.append(1)
        started.set()
        release.wait(10)
        return "result"

    futures = [store.submit("key", slow, ten) for _ in range(8)]
    started.wait(10)
    futures += [store.submit("key", slow, ten) for _ in range(8)]
    release.set()
    assert {future.result(10) for future in futures} == {"result"}
    assert len(calls) == 1


def test_a_result_is_found_again_without_computing(store):
    store.submit("key", lambda: 1, ten).result(10)
    assert store.submit("key", lambda: 2, ten).result(10) == 1


def test_a_failure_is_told_and_tried_again(store):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.submit("key", fail, ten).result(10)
    assert store.get("key") is None
    assert store.submit("key", lambda: "now", ten).result(10) == "now"


def test_least_recently_used_goes_first(store):
    for name in range(10):
        store.put(name, f"value {name}", 10)
    assert store.get(0) == "value 0"
    store.put("new", "value", 10)
    assert store.get(1) is None
    assert store.get(0) == "value 0"
    assert store.get("new") == "value"


def test_a_result_larger_than_the_budget_is_still_given(store):
    assert store.submit("huge", lambda: "huge", lambda _: 10_000).result(10) == "huge"
    assert store.get("huge") == "huge"


def test_cached_makes_once(store):
    calls = []
    for _ in range(3):
        assert store.cached("figure", lambda: calls.append(1) or "made", 10) == "made"
    assert len(calls) == 1


def test_memory_stays_within_the_budget(store):
    for name in range(1000):
        store.put(name, "x", 30)
    assert sum(store.get(name) is not None for name in range(1000)) <= 3
