"""The recordings of a lesson, and its numbers: recorded, and derived from what is recorded."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from json import loads
from math import log2

import numpy as np

from resnet_viz.core.converter import decode
from resnet_viz.core.errors import DataError
from resnet_viz.core.number_format import readable
from resnet_viz.core.places import ASSETS
from resnet_viz.experiments.verdict_rules import RULES
from resnet_viz.lessons.lesson import Derived, Lesson, Operation, Task
from resnet_viz.records import Curve, Finding, Recording
from resnet_viz.records.verdict import judge

#: Recordings of what no experiment measures; ``scripts/lesson_recordings.py`` writes them.
FOLDER = ASSETS / "recordings" / "lessons"
_EXPERIMENTS = ASSETS / "recordings" / "experiments"


@cache
def recording(name: str) -> Recording:
    """Return a recording of an experiment or of a lesson.

    Raises
    ------
    DataError
        If there is none of this name.

    """
    paths = [folder / f"{name}.json" for folder in (_EXPERIMENTS, FOLDER)]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise DataError("lesson_record", record=name[:80])
    return decode(Recording, loads(path.read_text(encoding="utf-8")))


def record_name(lesson: Lesson, short: str) -> str:
    """Return the name of one of a lesson's recordings; "" stands for its own."""
    if short and short not in lesson.others:
        raise DataError("lesson_part", lesson=lesson.name, part=short)
    return lesson.others[short] if short else lesson.record


def finding_of(lesson: Lesson, short: str = "") -> Finding:
    """Return what one of a lesson's recordings holds."""
    return recording(record_name(lesson, short)).finding


def lesson_numbers(lesson: Lesson, variant: int = 0) -> Mapping[str, float]:
    """Return every number that a lesson's sentences, rules and tasks may name.

    Parameters
    ----------
    lesson
        The lesson.
    variant
        Number of the worksheet's variant; neighbours get other values where a lesson has several.

    Raises
    ------
    DataError
        If a derived number names something that is not there.

    """
    numbers = dict(finding_of(lesson).numbers)
    for short in lesson.others:
        more = finding_of(lesson, short).numbers
        numbers |= {f"{short}_{name}": value for name, value in more.items()}
    for name, derived in lesson.derived.items():
        value = _derive(lesson, derived, numbers, variant)
        ends = (name, f"{name}_low", f"{name}_high") if derived.exact else (name,)
        numbers |= dict.fromkeys(ends, value)
    return numbers


def number_words(numbers: Mapping[str, float]) -> dict[str, str]:
    """Return numbers as words for sentences, by names that a sentence can hold."""
    return {
        "".join(c if c.isalnum() else "_" for c in name): readable(value)
        for name, value in numbers.items()
    }


def measured_answer(task: Task, numbers: Mapping[str, float]) -> str | None:
    """Return which of a choice's answers the numbers give; None if they do not decide."""
    bars = RULES[task.rule] if task.rule else task.bars
    answer = judge(numbers, bars, task.answers, task.answers).answer
    return answer if answer is not None else task.undecided or None


def _derive(
    lesson: Lesson, derived: Derived, numbers: Mapping[str, float], variant: int
) -> float:  # fmt: skip
    if derived.panel:
        return _of_curve(curve_of(lesson, derived), derived, variant)
    return _OF_NUMBERS[derived.by]([_value(lesson, one, numbers) for one in derived.of])


def _value(lesson: Lesson, word: str, numbers: Mapping[str, float]) -> float:
    if word in numbers:
        return numbers[word]
    try:
        return float(word)
    except ValueError:
        raise DataError("lesson_part", lesson=lesson.name, part=word[:80]) from None


def curve_of(lesson: Lesson, derived: Derived) -> Curve:
    """Return the curve that a number is derived from."""
    for panel in finding_of(lesson, derived.record).panels:
        for curve in panel.curves:
            if panel.name == derived.panel and curve.name == derived.curve:
                return curve
    raise DataError("lesson_part", lesson=lesson.name, part=f"{derived.panel} {derived.curve}")


def _of_curve(curve: Curve, derived: Derived, variant: int) -> float:
    if derived.by is Operation.VARIED:
        return float(curve.y[variant % len(curve.y)])
    below = np.flatnonzero(curve.y < derived.level)
    return float(curve.x[below[0]]) if len(below) else float("nan")


_OF_NUMBERS: Mapping[Operation, Callable[[Sequence[float]], float]] = {
    Operation.DIFFERENCE: lambda of: of[0] - of[1],
    Operation.SUM: sum,
    Operation.PRODUCT: lambda of: float(np.prod(of)),
    Operation.POWER: lambda of: of[0] ** of[1],
    Operation.LOG2: lambda of: log2(of[0]),
    Operation.ROUND: lambda of: float(round(of[0])),
}
