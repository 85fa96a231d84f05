"""Every verdict rule on made records: it agrees, differs, or does not decide."""

from math import inf, nan

import numpy as np
import pytest

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.experiments.finding_files import finding_document, finding_verdict
from resnet_viz.experiments.measures.spread import around_mean, exact, resampled, spanned
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.experiments.verdict_rules import RULES
from resnet_viz.experiments.verdict_sentences import (
    answer_label,
    guess_sentence,
    lettered_answers,
    open_reason,
    statistic_rows,
)
from resnet_viz.records import UNSURE, Bar, Finding, GuessOutcome, Outcome, judge

AGREES, DIFFERS, OPEN = Outcome.AGREES, Outcome.DIFFERS, Outcome.UNDECIDED


def around(half=0.0, **values):
    """Numbers with a spread of ``half`` to either side; a tuple gives both ends itself."""
    numbers = {}
    for name, given in values.items():
        value, low, high = (
            given if isinstance(given, tuple) else (given, given - half, given + half)
        )
        numbers |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return numbers


def shattered(plain, residual, half=0.05):
    return around(half, **{"plain-50": plain, "residual-50": residual})


def lesions(gap, larger, half=3.0, mean=None):
    return around(
        half, median_gap=gap, mean_gap=gap if mean is None else mean, larger_median=larger
    )


def changes(mean, median, half=0.01):
    return around(half, mean_change=mean, median_change=median)


def stages(*multiples, half=0.3):
    """Mean and median cosine of three stages as multiples of chance."""
    numbers = {}
    for stage, multiple in enumerate(multiples, 1):
        numbers |= around(
            half, **{f"stage{stage}_mean": multiple, f"stage{stage}_median": multiple}
        )
    return numbers


def maps(head, random, half=0.05):
    kinds = ("residual", "plain")
    return around(
        half, **{f"{k}_head": head for k in kinds}, **{f"{k}_random": random for k in kinds}
    )


def errors(train, test, excess=5.0, epochs=0.0):
    return around(0.2, train_change=train, test_change=test, excess_change=excess) | around(
        epochs_gap=epochs
    )


def losses(none, skipinit, fixup, half=0.02):
    return around(half, none_ratio=none, skipinit_ratio=skipinit, fixup_ratio=fixup)


#: Experiment, numbers of a made record, outcome and answer.
MADE = [
    ("shattered-gradients", shattered(0.0, 0.7), AGREES, "plain"),
    ("shattered-gradients", shattered(0.0, 0.0), DIFFERS, "both"),
    ("shattered-gradients", shattered(0.7, 0.7), DIFFERS, "neither"),
    ("shattered-gradients", shattered(0.7, 0.0), DIFFERS, "residual"),
    ("shattered-gradients", shattered(0.0, 0.24, half=0.1), OPEN, None),
    ("gradient-growth", around(0.01, plain_bn=1.2), AGREES, "explodes"),
    ("gradient-growth", around(0.01, plain_bn=1.0), DIFFERS, "steady"),
    ("gradient-growth", around(0.01, plain_bn=0.7), DIFFERS, "vanishes"),
    ("gradient-growth", around(0.05, plain_bn=1.05), OPEN, None),
    ("gradient-growth", {"plain_bn": 1.2}, OPEN, None),  # a record without spread
    ("paths", around(0.02, mean_shift=-0.2, median_shift=-0.2), AGREES, "short"),
    ("paths", around(0.02, mean_shift=0.0, median_shift=0.01), DIFFERS, "middle"),
    ("paths", around(0.02, mean_shift=0.2, median_shift=0.2), DIFFERS, "long"),
    ("paths", around(0.1, mean_shift=-0.1, median_shift=-0.1), OPEN, None),
    ("paths", around(0.02, mean_shift=-0.2, median_shift=0.0), OPEN, None),
    ("lesion", lesions(47, 49), AGREES, "plain"),
    ("lesion", lesions(-47, 49), DIFFERS, "residual"),
    ("lesion", lesions(0, 3), DIFFERS, "both_little"),
    ("lesion", lesions(0, 60), DIFFERS, "both_much"),
    ("lesion", lesions(12, 20), OPEN, None),
    ("lesion", lesions(47, 49, mean=2), OPEN, None),
    ("layer-responses", changes(0.2, 0.2), AGREES, "residual"),
    ("layer-responses", changes(-0.2, -0.2), DIFFERS, "plain"),
    ("layer-responses", changes(0.0, 0.01), DIFFERS, "equal"),
    ("layer-responses", changes(0.047, -0.056, half=0.1), OPEN, None),
    ("layer-responses", changes(0.2, -0.2), OPEN, None),
    ("refinement", stages(0.2, 0.3, 6), AGREES, "last"),
    ("refinement", stages(3, 3, 6), DIFFERS, "everywhere"),
    ("refinement", stages(0, 0, 0), DIFFERS, "nowhere"),
    ("refinement", stages(-3, -3, -6), DIFFERS, "away"),
    ("refinement", stages(0.2, 0.9, 6), OPEN, None),
    ("refinement", stages(0.2, 3, 6), OPEN, None),
    ("cka", around(0.005, mean_gap=0.04, median_gap=0.03), AGREES, "residual"),
    ("cka", around(0.005, mean_gap=-0.04, median_gap=-0.03), DIFFERS, "plain"),
    ("cka", around(0.005, mean_gap=0.0, median_gap=0.0), DIFFERS, "equal"),
    ("cka", around(0.02, mean_gap=0.027, median_gap=0.011), OPEN, None),
    ("loss-landscape", around(0.3, rise_ratio=2.0, centre_ratio=3.0), AGREES, "plain"),
    ("loss-landscape", around(0.1, rise_ratio=0.5, centre_ratio=0.4), DIFFERS, "residual"),
    ("loss-landscape", around(0.1, rise_ratio=1.0, centre_ratio=1.1), DIFFERS, "equal"),
    ("loss-landscape", around(0.1, rise_ratio=1.02, centre_ratio=3.0), OPEN, None),
    ("loss-landscape", around(rise_ratio=(2.0, -inf, inf), centre_ratio=3.0), OPEN, None),
    ("loss-landscape", around(rise_ratio=(nan, nan, nan), centre_ratio=3.0), OPEN, None),
    ("shortcut-strength", around(1.0, fall=200, fall_of_weak=30), AGREES, "falls"),
    ("shortcut-strength", around(0.1, fall=200, fall_of_weak=1.1), DIFFERS, "jumps"),
    ("shortcut-strength", around(0.1, fall=1.1, fall_of_weak=1.0), DIFFERS, "same"),
    ("shortcut-strength", around(0.1, fall=0.2, fall_of_weak=0.5), DIFFERS, "rises"),
    ("shortcut-strength", around(1.0, fall=2.5, fall_of_weak=1.0), OPEN, None),
    ("zero-means-identity", around(5.0, error_ratio=60), AGREES, "residual"),
    ("zero-means-identity", around(0.1, error_ratio=1.0), DIFFERS, "equal"),
    ("zero-means-identity", around(0.1, error_ratio=0.2), DIFFERS, "plain"),
    ("zero-means-identity", around(1.5, error_ratio=2.5), OPEN, None),
    ("grad-cam-sanity", maps(0.8, 0.0), AGREES, "gradual"),
    ("grad-cam-sanity", maps(0.1, 0.0), AGREES, "noise"),
    ("grad-cam-sanity", maps(0.9, 0.9), DIFFERS, "never"),
    ("grad-cam-sanity", maps(0.5, 0.0), OPEN, None),
    ("degradation", errors(8, 6), AGREES, "rises"),
    ("degradation", errors(-8, 6), DIFFERS, "overfits"),
    ("degradation", errors(-8, -6, excess=-1), DIFFERS, "falls"),
    ("degradation", errors(30, 25, epochs=6), OPEN, None),  # trained for unequal epochs
    ("degradation", errors(0.9, 6), OPEN, None),
    ("degradation", errors(8, 6, excess=-2), OPEN, None),  # the residual twins lose more
    ("normalisation-free", losses(inf, 0.7, 0.1), AGREES, "zero_trains"),
    ("normalisation-free", losses(0.3, 0.3, 0.3), DIFFERS, "none_trains"),
    ("normalisation-free", losses(1.2, 1.1, 1.1), DIFFERS, "nothing_trains"),
    ("normalisation-free", losses(inf, 0.7, 0.95), OPEN, None),
    ("normalisation-free", losses(inf, 0.7, 1.1), OPEN, None),
]  # fmt: skip


def finding(name, numbers, progress=1.0):
    return Finding(name, {}, progress, (), numbers)


@pytest.mark.parametrize(("name", "numbers", "outcome", "answer"), MADE)
def test_a_made_record_gets_its_verdict(name, numbers, outcome, answer):
    verdict = EXPERIMENTS[name].verdict(finding(name, numbers))
    assert (verdict.outcome, verdict.answer) == (outcome, answer)
    assert [one.bar for one in verdict.statistics] == list(RULES[name])


def test_every_rule_is_tried_with_all_three_outcomes_and_every_answer():
    for name, row in EXPERIMENTS.items():
        made = [(outcome, answer) for n, _, outcome, answer in MADE if n == name]
        assert {outcome for outcome, _ in made} == set(Outcome)
        assert {answer for _, answer in made} == {*row.answers, None}
        assert 3 <= len(row.answers) <= 4
        named = {a for bar in row.rule for a in (*bar.below, *bar.between, *bar.above)}
        assert named == set(row.answers)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "numbers", "outcome", "answer"), MADE)
def test_every_guess_on_it_is_said_in_words(name, numbers, outcome, answer, language):
    row, text = EXPERIMENTS[name], Text(language)
    verdict = row.verdict(finding(name, numbers))
    for guess in row.choices:
        said = guess_sentence(row, verdict, guess, text)
        assert "{" not in said
        if answer is None:
            assert open_reason(row, verdict, text) in said
        else:
            assert answer_label(row, answer, text) in said
        if guess not in (answer, UNSURE) and answer is not None:
            assert text(f"experiment.{name}.why_{guess}") in said
    assert len(list(statistic_rows(row, verdict, text))) == len(row.rule)
    letters = [label[1] for label in lettered_answers(row, text)]
    assert letters == list("abcd")[: len(row.answers)]
    assert finding_verdict(finding(name, numbers), text)


def test_a_guess_is_right_wrong_open_or_was_none():
    bars = (Bar("x", -1, 1, below=("a",), above=("b",)),)
    decided, open_ = (judge(around(half, x=2.0), bars, ("a", "b"), ("b",)) for half in (0.1, 1.5))
    assert decided.of("b") is GuessOutcome.RIGHT
    assert decided.of("a") is GuessOutcome.WRONG
    assert decided.of(UNSURE) is GuessOutcome.UNSURE
    assert open_.of("b") is GuessOutcome.OPEN
    assert open_.outcome is OPEN


def test_between_bars_without_an_answer_nothing_is_decided():
    bars = (Bar("x", -1, 1, below=("a",), above=("b",)),)
    assert judge(around(0.1, x=0.0), bars, ("a", "b"), ("b",)).answer is None
    assert judge({}, bars, ("a", "b"), ("b",)).answer is None
    assert judge(around(x=2.0), (), ("a", "b"), ("b",)).answer is None


def test_an_incomplete_record_has_no_verdict():
    name, numbers, _, _ = MADE[0]
    assert EXPERIMENTS[name].verdict(finding(name, numbers, progress=0.5)) is None


def test_the_document_holds_outcome_and_rule():
    numbers = around(5.0, error_ratio=60) | dict.fromkeys(
        ("residual_first", "residual_last", "plain_first", "plain_last"), 1.0
    )
    document = finding_document(finding("zero-means-identity", numbers), Text("en"))
    assert document["answer"] == "residual"
    assert document["outcome"] == "agrees"
    (statistic,) = document["statistics"]
    assert (statistic["low"], statistic["lower"], statistic["fits"]) == (55.0, 0.5, ["residual"])


def test_the_interval_of_a_mean_is_students():
    found = around_mean("x", [1.0, 2.0, 3.0])
    assert found["x"] == 2
    assert found["x_high"] - 2 == pytest.approx(4.303 / 3**0.5, rel=1e-3)  # t of 2, 97.5 %
    ratio = around_mean("r", [0.5, 2.0], logarithmic=True)
    assert ratio["r"] == pytest.approx(1)
    assert ratio["r_low"] * ratio["r_high"] == pytest.approx(1)
    alone = around_mean("x", [1.0])
    assert (alone["x_low"], alone["x_high"]) == (-inf, inf)


def test_resampling_keeps_pairs_together():
    first = list(np.linspace(0, 100, 40))
    second = [value + 1 for value in first]
    found = resampled("gap", lambda v: float(v[1].mean() - v[0].mean()), first, second)
    assert found["gap_low"] == pytest.approx(1)
    assert found["gap_high"] == pytest.approx(1)
    assert resampled("gap", lambda v: float(v.mean()), [1.0, 3.0])["gap_low"] == 1
    assert np.isnan(resampled("gap", lambda v: float(v.mean()), [])["gap"])


def test_ranges_and_exact_numbers():
    assert spanned("x", 2.0, [3.0, 1.0]) == {"x": 2.0, "x_low": 1.0, "x_high": 3.0}
    assert exact("x", 2) == {"x": 2.0, "x_low": 2.0, "x_high": 2.0}
