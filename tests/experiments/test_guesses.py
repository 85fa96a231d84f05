"""Guesses: their order, their text in an address, and how they compare with the recordings."""

import pytest

from resnet_viz.experiments.guesses import (
    SUGGESTED_ORDER,
    next_unguessed,
    packed,
    recorded_outcome,
    recorded_verdict,
    unpacked,
)
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.records import UNSURE, GuessOutcome

ALL = {name: row.answers[0] for name, row in EXPERIMENTS.items()}


def test_the_order_has_every_experiment_once():
    assert sorted(SUGGESTED_ORDER) == sorted(EXPERIMENTS)


def test_packed_guesses_come_back_and_need_no_escaping():
    assert unpacked(packed(ALL)) == ALL
    assert unpacked(packed({"lesion": UNSURE})) == {"lesion": UNSURE}
    assert packed({}) == ""
    assert all(c.isalnum() or c in "-._~" for c in packed(ALL))


@pytest.mark.parametrize(
    "words", ["", "~", "lesion", "lesion.no", "no.plain", "lesion.plain.plain", "<b>.x", "." * 9]
)
def test_what_is_no_answer_is_left_out(words):
    assert unpacked(words) == {}
    assert unpacked(f"{words}~paths.short") == {"paths": "short"}


def test_a_long_address_is_cut():
    assert unpacked("x" * 10_000 + "~paths.short") == {}


def test_the_next_question_is_the_next_without_a_guess():
    first, second, *_, last = SUGGESTED_ORDER
    assert next_unguessed({}).name == first
    assert next_unguessed({first: UNSURE}, first).name == second
    assert next_unguessed({}, last).name == first
    assert (
        next_unguessed({name: UNSURE for name in SUGGESTED_ORDER if name != second}).name == second
    )
    assert next_unguessed(ALL, first) is None


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_outcomes_follow_the_recorded_verdict(name):
    row = EXPERIMENTS[name]
    answer = recorded_verdict(row).answer
    for guess in row.answers:
        expected = GuessOutcome.RIGHT if guess == answer else GuessOutcome.WRONG
        assert recorded_outcome(row, guess) == (GuessOutcome.OPEN if answer is None else expected)
    assert recorded_outcome(row, UNSURE) is GuessOutcome.UNSURE
