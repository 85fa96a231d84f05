"""``Verdict``: what the numbers of a finding say about a claim, by bars with a margin.

A bar looks at one number and its spread, and names the answers that fit them. The verdict is the
one answer that fits at every bar. Where the spread crosses a bar, or two bars contradict each
other, there is none: the outcome is undecided.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isnan, nan


class Outcome(StrEnum):
    """How a finding relates to the claim of its source."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNDECIDED = "undecided"


class GuessOutcome(StrEnum):
    """How a guess relates to a finding."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"  # the finding is undecided
    UNSURE = "unsure"  # there was no guess to judge


#: The answer of those who do not want to guess; every question offers it.
UNSURE = "unsure"


@dataclass(frozen=True)
class Bar:
    """The answers that fit a number: by whether its whole spread is below, between or above.

    The distance of ``lower`` and ``upper`` from the value of no effect is the margin.
    """

    number: str  # its name; the ends of its spread are the numbers with "_low" and "_high"
    lower: float
    upper: float
    below: tuple[str, ...] = ()  # answers
    between: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statistic:
    """A measured number at its bar."""

    bar: Bar
    value: float
    low: float  # ends of the spread; infinite if the finding does not hold them
    high: float

    @property
    def fits(self) -> tuple[str, ...]:
        """The answers that fit; none if the spread crosses a bar or the number is missing."""
        if isnan(self.low) or isnan(self.high):
            return ()
        if self.low > self.bar.upper:
            return self.bar.above
        if self.high < self.bar.lower:
            return self.bar.below
        if self.bar.lower <= self.low and self.high <= self.bar.upper:
            return self.bar.between
        return ()


@dataclass(frozen=True)
class Verdict:
    """What a finding says.

    Attributes
    ----------
    outcome
        Whether it agrees with the claim of the source.
    answer
        The answer that fits; None if undecided.
    statistics
        The numbers that decide, at their bars.

    """

    outcome: Outcome
    answer: str | None
    statistics: tuple[Statistic, ...]

    def of(self, guess: str) -> GuessOutcome:
        """Return whether a guess, one of the question's answers or "unsure", was right."""
        if guess == UNSURE:
            return GuessOutcome.UNSURE
        if self.answer is None:
            return GuessOutcome.OPEN
        return GuessOutcome.RIGHT if guess == self.answer else GuessOutcome.WRONG


def judge(
    numbers: Mapping[str, float],
    bars: Sequence[Bar],
    answers: Sequence[str],
    agreeing: Collection[str],
) -> Verdict:
    """Return the verdict on the numbers of a finding.

    Parameters
    ----------
    numbers
        The finding's numbers, with the ends of their spreads.
    bars
        The rule.
    answers
        The possible answers.
    agreeing
        Those that agree with the claim of the source.

    """
    statistics = tuple(
        Statistic(
            bar,
            numbers.get(bar.number, nan),
            numbers.get(f"{bar.number}_low", -inf),
            numbers.get(f"{bar.number}_high", inf),
        )
        for bar in bars
    )
    fitting = [a for a in answers if statistics and all(a in s.fits for s in statistics)]
    if len(fitting) != 1:
        return Verdict(Outcome.UNDECIDED, None, statistics)
    outcome = Outcome.AGREES if fitting[0] in agreeing else Outcome.DIFFERS
    return Verdict(outcome, fitting[0], statistics)
