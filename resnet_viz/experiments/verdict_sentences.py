"""Verdicts in words: what was measured, whether a guess was right, and why or why not."""

from collections.abc import Iterator, Sequence
from math import inf, isfinite, isnan
from string import ascii_lowercase

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.experiments.registry import Experiment
from resnet_viz.records import GuessOutcome, Outcome, Statistic, Verdict


def verdict_sentence(row: Experiment, verdict: Verdict, text: Text) -> str:
    """Return whether the measurement agrees with the source, or why it does not decide."""
    if verdict.answer is None:
        return text("experiments.undecided", reason=open_reason(row, verdict, text))
    key = "agrees" if verdict.outcome is Outcome.AGREES else "differs"
    return text(
        f"experiments.{key}",
        measured=answer_label(row, verdict.answer, text),
        claim=text(f"experiment.{row.name}.claim"),
        citation=row.citation,
    )


def source_sentence(row: Experiment, verdict: Verdict, text: Text) -> str:
    """Return only whether a decided measurement agrees with the source; the answer was said."""
    return text(
        f"experiments.source_{verdict.outcome}",
        claim=text(f"experiment.{row.name}.claim"),
        citation=row.citation,
    )


def guess_sentence(row: Experiment, verdict: Verdict, guess: str, text: Text) -> str:
    """Return whether a guess was right, wrong or open, with one sentence why."""
    outcome = verdict.of(guess)
    if verdict.answer is None:
        return text("experiments.guess_open", reason=open_reason(row, verdict, text))
    told = guess if outcome is GuessOutcome.WRONG else verdict.answer
    against = told == verdict.answer and verdict.outcome is Outcome.DIFFERS
    return text(
        f"experiments.guess_{outcome}",
        guess=answer_label(row, guess, text),
        measured=answer_label(row, verdict.answer, text),
        why=text("experiments.why_against" if against else f"experiment.{row.name}.why_{told}"),
    )


def answer_label(row: Experiment, answer: str, text: Text) -> str:
    """Return one of the choices in words."""
    if answer not in row.answers:
        return text("experiments.unsure")
    return text(f"experiment.{row.name}.answer_{answer}")


def open_reason(row: Experiment, verdict: Verdict, text: Text) -> str:
    """Return why an undecided measurement does not decide: the number that stands in the way."""
    silent = next((one for one in verdict.statistics if not one.fits), None)
    if silent is not None:
        return _silence(row, silent, text)
    pairs = [
        (one, other)
        for one in verdict.statistics
        for other in verdict.statistics
        if not set(one.fits) & set(other.fits)
    ]
    if not pairs:
        return text("experiments.reason_several")
    one, other = pairs[0]
    return text(
        "experiments.reason_conflict",
        one=_statistic_label(row, one, text),
        value=readable(one.value),
        other=_statistic_label(row, other, text),
        other_value=readable(other.value),
    )


def _silence(row: Experiment, one: Statistic, text: Text) -> str:
    what = _statistic_label(row, one, text)
    what = what[:1].upper() + what[1:]
    if isnan(one.value):
        return text("experiments.reason_missing", what=what)
    if one.low == -inf or one.high == inf:
        return text("experiments.reason_once", what=what, value=readable(one.value))
    words = {"what": what, "value": readable(one.value), **_ends(one)}
    crossed = [bar for bar in (one.bar.lower, one.bar.upper) if one.low <= bar <= one.high]
    if not crossed:
        return text("experiments.reason_none", **words)
    return text("experiments.reason_spread", bar=readable(crossed[0]), **words)


def _ends(one: Statistic) -> dict[str, str]:
    return {"low": readable(one.low), "high": readable(one.high)}


def _statistic_label(row: Experiment, one: Statistic, text: Text) -> str:
    return text(f"experiment.{row.name}.number_{placeholder(one.bar.number)}")


def statistic_rows(row: Experiment, verdict: Verdict, text: Text) -> Iterator[dict[str, str]]:
    """Yield a table of the rule: each number, its spread, its bars, and the answers that fit.

    Answers are the letters of ``lettered_answers``.
    """
    for one in verdict.statistics:
        known = isfinite(one.low) and isfinite(one.high)
        yield {
            text("experiments.column_what"): _statistic_label(row, one, text),
            text("experiments.column_measured"): readable(one.value),
            text("experiments.column_spread"): (
                text("experiments.from_to", **_ends(one)) if known else "–"
            ),
            text("experiments.column_bar"): " · ".join(_bar_words(row, one, text)),
            text("experiments.column_fits"): _listed(row, one.fits) or "–",
        }


def _bar_words(row: Experiment, one: Statistic, text: Text) -> Iterator[str]:
    bar = one.bar
    ends = {"lower": readable(bar.lower), "upper": readable(bar.upper)}
    for side in ("below", "between", "above"):
        answers: tuple[str, ...] = getattr(bar, side)
        if answers:
            yield text(f"experiments.bar_{side}", answers=_listed(row, answers), **ends)


def lettered_answers(row: Experiment, text: Text) -> list[str]:
    """Return the answers with the letters that stand for them in the table of the rule."""
    return [
        f"({_listed(row, [answer])}) {answer_label(row, answer, text)}" for answer in row.answers
    ]


def _listed(row: Experiment, answers: Sequence[str]) -> str:
    return ", ".join(ascii_lowercase[row.answers.index(answer)] for answer in answers)


def placeholder(name: str) -> str:
    """Return a number's name as a placeholder: letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in name)
