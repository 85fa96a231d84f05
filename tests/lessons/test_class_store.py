"""Votes of a class: each counted once, hidden until shown, and kept over a restart."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from resnet_viz.core.errors import ClassError
from resnet_viz.lessons.class_store import (
    HOURS_KEPT,
    LETTERS,
    MOST_CLASSES,
    MOST_PUPILS,
    MOST_QUESTIONS,
    ClassStore,
)

QUESTION = "two-by-two predict"


class Clock:
    """Seconds that a test sets."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    return ClassStore(tmp_path / "classes", clock)


def refused(code, act, *arguments):
    with pytest.raises(ClassError) as error:
        act(*arguments)
    assert error.value.code == code
    assert str(error.value).endswith(".")


def test_code_is_four_letters_that_cannot_be_confused(store):
    codes = [store.start()[0] for _ in range(20)]
    assert len(set(codes)) == 20
    assert all(re.fullmatch(f"[{LETTERS}]{{4}}", code) for code in codes)
    assert not set("01OILS") & set(LETTERS)


def test_a_hundred_pupils_vote_at_once_and_each_vote_counts_once(store):
    code, key = store.start()

    def vote(pupil):
        started = time.perf_counter()
        store.vote(code, QUESTION, f"p{pupil}", "vanishes")
        store.vote(code, QUESTION, f"p{pupil}", "explodes" if pupil % 4 else "steady")
        return time.perf_counter() - started

    with ThreadPoolExecutor(16) as pool:
        waits = sorted(pool.map(vote, range(100)))
    store.show(code, key, QUESTION)
    tally = store.tally(code, QUESTION)
    assert tally.counts == {"explodes": 75, "steady": 25}
    assert (tally.answered, tally.pupils) == (100, 100)
    assert waits[94] < 1  # seconds, the 95th percentile


def test_votes_are_hidden_until_the_teacher_shows_them(store):
    code, key = store.start()
    store.vote(code, QUESTION, "a", "steady")
    hidden = store.tally(code, QUESTION)
    assert (hidden.answered, hidden.shown, hidden.counts) == (1, False, {})
    refused("class_key", store.show, code, "wrong", QUESTION)
    store.show(code, key, QUESTION)
    assert store.tally(code, QUESTION).counts == {"steady": 1}


def test_second_round_starts_hidden_and_keeps_the_first(store):
    code, key = store.start()
    store.vote(code, QUESTION, "a", "steady")
    store.show(code, key, QUESTION)
    store.vote_again(code, key, QUESTION)
    assert store.voted(code, QUESTION, "a") is None
    store.vote(code, QUESTION, "a", "explodes")
    assert store.tally(code, QUESTION).counts == {}
    store.show(code, key, QUESTION)
    assert store.tally(code, QUESTION).counts == {"explodes": 1}
    assert store.tally(code, QUESTION, 1).counts == {"steady": 1}


def test_restart_loses_nothing_and_a_line_that_was_cut_off_does_no_harm(tmp_path, clock, store):
    code, key = store.start()
    store.vote(code, QUESTION, "a", "steady", "sure")
    store.vote(code, QUESTION, "b", "explodes")
    store.show(code, key, QUESTION)
    store.go_to(code, key, "lesson=two-by-two&panel=1")
    with (tmp_path / "classes" / f"{code}.jsonl").open("a") as file:
        file.write('{"event": "vote", "quest')
    (tmp_path / "classes" / "ABCD.jsonl").write_bytes(b"\xff\x00 no class")
    again = ClassStore(tmp_path / "classes", clock)
    assert again.is_teacher(code, key)
    assert again.tally(code, QUESTION) == store.tally(code, QUESTION)
    assert again.teacher_at(code) == "lesson=two-by-two&panel=1"
    assert again.rows(code, key) == store.rows(code, key)
    assert again.voted(code, QUESTION, "a") == "steady"
    assert not again.exists("ABCD")


def test_table_names_nobody(store, clock):
    code, key = store.start()
    clock.now += 12
    store.vote(code, QUESTION, "f3a9", "steady", "sure")
    (row,) = store.rows(code, key)
    assert row == {"question": QUESTION, "round": 1, "answer": "steady", "sureness": "sure",
                   "pupil": 1, "seconds": 12.0}  # fmt: skip
    refused("class_key", store.rows, code, "wrong")


def test_class_is_over_after_four_hours_and_a_clock_that_goes_back_ends_none(
    tmp_path, store, clock
):
    code, _ = store.start()
    clock.now -= 10 * 3600
    assert store.exists(code)
    clock.now += (10 + HOURS_KEPT) * 3600 + 1
    refused("class_unknown", store.vote, code, QUESTION, "a", "steady")
    assert not list((tmp_path / "classes").iterdir())


def test_forgetting_deletes_at_once(tmp_path, store):
    code, key = store.start()
    store.vote(code, QUESTION, "a", "steady")
    refused("class_key", store.forget, code, "wrong")
    store.forget(code, key)
    assert not list((tmp_path / "classes").iterdir())
    refused("class_unknown", store.tally, code, QUESTION)


def test_everything_has_an_end(store):
    code, _ = store.start()
    refused("class_name_long", store.vote, code, QUESTION, "a", "x" * 10_000)
    for number in range(MOST_PUPILS):
        store.vote(code, QUESTION, f"p{number}", "steady")
    refused("class_pupils", store.vote, code, QUESTION, "one more", "steady")
    store.vote(code, QUESTION, "p0", "explodes")  # who is there may still vote
    for number in range(MOST_QUESTIONS - 1):
        store.vote(code, f"q{number}", "p0", "steady")
    refused("class_questions", store.vote, code, "one more", "p0", "steady")
    for _ in range(MOST_CLASSES - 1):
        store.start()
    refused("class_full", store.start)


@pytest.mark.parametrize("code", ["", "ABC", "../../etc", "ÄÖÜß", "x" * 10_000])
def test_unknown_code_is_one_sentence(store, code):
    refused("class_unknown", store.tally, code, QUESTION)
    assert not store.exists(code)
