"""``Lesson``: five steps around one recording; its key is a rule, never a letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from resnet_viz.records.verdict import UNSURE, Bar


class Step(StrEnum):
    """The steps of a lesson, in their order."""

    PREDICT = "predict"
    SEE = "see"
    READ = "read"
    CHANGE = "change"
    EXERCISE = "exercise"


STEPS = tuple(Step)


class TaskKind(StrEnum):
    """How a task is answered."""

    CHOICE = "choice"
    NUMBER = "number"
    OPEN = "open"  # in words; nothing checks them


@dataclass(frozen=True)
class Task:
    """A question of a lesson.

    Attributes
    ----------
    name
        Its sentences are in the lesson's texts, in the table ``tasks.<name>``.
    kind
        How it is answered.
    answers
        Of a choice: the answers, without "unsure".
    rule
        Of a choice: the experiment whose bars decide it; "" if ``bars`` do.
    bars
        Of a choice: the bars that decide it.
    undecided
        Of a choice: the answer that is right where the numbers do not decide; "" for none.
    number
        Of a number: the name of the right value.
    factor, within
        Of a number: it is right within this factor, or within this distance.

    """

    name: str
    kind: TaskKind
    answers: tuple[str, ...] = ()
    rule: str = ""
    bars: tuple[Bar, ...] = ()
    undecided: str = ""
    number: str = ""
    factor: float = 1.0
    within: float = 0.0

    @property
    def choices(self) -> tuple[str, ...]:
        """The answers and "unsure"."""
        return (*self.answers, UNSURE)

    def accepts(self, value: float, right: float) -> bool:
        """Whether a value is near enough to the right one."""
        if abs(value - right) <= self.within:
            return True
        same_sign = value * right > 0
        return same_sign and max(value / right, right / value) <= self.factor


@dataclass(frozen=True)
class View:
    """What is drawn: a panel of a recording, or some of its curves.

    Attributes
    ----------
    name
        Its sentence is in the lesson's texts, ``views.<name>``.
    panel
        The panel.
    record
        The short name of another recording; "" for the lesson's own.
    curves
        The curves that are drawn; none for all.
    behind
        The panel whose curves are drawn dotted behind these.

    """

    name: str
    panel: str
    record: str = ""
    curves: tuple[str, ...] = ()
    behind: str = ""


class Operation(StrEnum):
    """How a number is derived from others."""

    DIFFERENCE = "difference"
    SUM = "sum"
    PRODUCT = "product"
    POWER = "power"
    LOG2 = "log2"
    ROUND = "round"
    VARIED = "varied"  # the value of a curve at the variant's place
    FIRST_BELOW = "first_below"  # where a curve first falls below a level


@dataclass(frozen=True)
class Derived:
    """A number that a lesson computes from its recordings.

    Attributes
    ----------
    by
        The operation.
    of
        Names of numbers, or numbers.
    panel, curve, record
        The curve, for operations on one.
    level
        For ``first_below``.
    exact
        Whether the number has no spread: it is arithmetic, or a fact about what is drawn. A rule
        cannot decide by a number whose spread is unknown.

    """

    by: Operation
    of: tuple[str, ...] = ()
    panel: str = ""
    curve: str = ""
    record: str = ""
    level: float = 0.0
    exact: bool = False


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes
    ----------
    number, name
        Its place in the course, and its name in addresses and on the command line.
    minutes
        How long it takes in a class.
    record
        The recording that it is about.
    others
        Further recordings by a short name, which stands before their numbers: ``shallow_median``.
    needs
        Names of lessons that come before it.
    predict, read, exercise
        The questions.
    see, change
        What is drawn after the guess, and the views to choose from when one thing is changed.
    derived
        Numbers computed from recordings.

    """

    number: int
    name: str
    minutes: int
    record: str
    predict: Task
    see: View
    read: Task
    change: tuple[View, ...]
    exercise: tuple[Task, ...]
    others: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every question in the order in which it is asked."""
        return (self.predict, self.read, *self.exercise)

    @property
    def views(self) -> tuple[View, ...]:
        """Every view in the order in which it is shown."""
        return (self.see, *self.change)
