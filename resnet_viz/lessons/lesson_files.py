"""Lessons and their texts, read from ``assets/lessons`` and checked."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from resnet_viz.core.converter import decode
from resnet_viz.core.errors import DataError, OptionError, close_matches
from resnet_viz.core.places import ASSETS
from resnet_viz.core.text import Text, flatten
from resnet_viz.experiments.verdict_rules import RULES
from resnet_viz.lessons.lesson import Lesson, Task, TaskKind, View
from resnet_viz.lessons.lesson_records import finding_of, lesson_numbers, number_words
from resnet_viz.records.verdict import UNSURE

FOLDER = ASSETS / "lessons"


@cache
def lessons() -> Mapping[str, Lesson]:
    """Return the lessons of the repository by name, in their order."""
    found = [read_lesson(path) for path in sorted(FOLDER.glob("*/lesson.toml"))]
    return {lesson.name: lesson for lesson in sorted(found, key=lambda one: one.number)}


def find_lesson(name: str) -> Lesson:
    """Return a lesson by its name or its number; ``OptionError`` lists similar names."""
    for lesson in lessons().values():
        if name in (lesson.name, str(lesson.number)):
            return lesson
    known = close_matches(name, list(lessons()), count=20)
    raise OptionError("option_unknown", option="lesson", value=name[:80], known=known)


def read_lesson(path: Path) -> Lesson:
    """Read and check a lesson.

    Raises
    ------
    DataError
        If the file is no lesson, or names a recording, panel, curve or number that is not there.

    """
    file = f"{path.parent.name}/{path.name}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        _check_fields(table, Lesson)
        lesson = decode(Lesson, table)
    except (ValueError, TypeError) as error:
        raise DataError("lesson_file", file=file, why=str(error)[:200]) from error
    for part in _missing(lesson):
        raise DataError("lesson_part", lesson=lesson.name, part=part)
    return lesson


def _check_fields(table: object, kind: Any) -> None:  # noqa: ANN401  # a type, or what holds one
    """Raise ``ValueError`` for a field that is not known: a typo would mean nothing."""
    if isinstance(table, dict) and is_dataclass(kind):
        types = {one.name: one.type for one in fields(kind)}
        for name, value in table.items():
            if name not in types:
                raise ValueError(f"unknown field {name!r}")
            _check_fields(value, types[name])
    elif isinstance(table, (list, dict)) and get_args(kind):
        rows, index = (table, 0) if isinstance(table, list) else (table.values(), 1)
        for row in rows:
            _check_fields(row, get_args(kind)[index])


def _missing(lesson: Lesson) -> Iterator[str]:
    """Yield the names of parts that a lesson needs and its recordings do not have."""
    numbers = lesson_numbers(lesson)
    for task in lesson.tasks:
        yield from _missing_of_task(task, numbers)
    for view in lesson.views:
        yield from _missing_of_view(lesson, view)


def _missing_of_task(task: Task, numbers: Mapping[str, float]) -> Iterator[str]:
    if task.kind is TaskKind.NUMBER and task.number not in numbers:
        yield f"{task.name}: {task.number}"
    if task.kind is not TaskKind.CHOICE:
        return
    if task.rule and task.rule not in RULES:
        yield f"{task.name}: {task.rule}"
        return
    bars = RULES[task.rule] if task.rule else task.bars
    if not bars:
        yield f"{task.name}: bars"
    for bar in bars:
        if bar.number not in numbers:
            yield f"{task.name}: {bar.number}"
        for answer in (*bar.below, *bar.between, *bar.above):
            if answer not in task.answers:
                yield f"{task.name}: {answer}"


def _missing_of_view(lesson: Lesson, view: View) -> Iterator[str]:
    panels = {panel.name: panel for panel in finding_of(lesson, view.record).panels}
    for name in (view.panel, view.behind):
        if name and name not in panels:
            yield f"{view.name}: {name}"
    known = {curve.name for curve in panels[view.panel].curves} if view.panel in panels else set()
    yield from (f"{view.name}: {curve}" for curve in view.curves if curve not in known)


@cache
def lesson_sentences(name: str, language: str) -> Mapping[str, str]:
    """Return the texts of a lesson by their dotted keys ("tasks.predict.question")."""
    lesson = find_lesson(name)
    path = FOLDER / f"{lesson.number:02}-{lesson.name}" / f"{language}.toml"
    return dict(flatten(tomllib.loads(path.read_text(encoding="utf-8"))))


class LessonText:
    """Looks up a lesson's sentences in a language and fills in its numbers.

    A question that an experiment asks too has the experiment's answers and reasons, unless the
    lesson has its own.

    >>> LessonText(find_lesson("cut-a-block"), "en")("title")
    'Cut a block'
    """

    def __init__(self, lesson: Lesson, language: str, variant: int = 0) -> None:
        self.lesson = lesson
        self.common = Text(language)
        self.numbers = lesson_numbers(lesson, variant)
        self._words = number_words(self.numbers)
        self._sentences = lesson_sentences(lesson.name, language)

    def __call__(self, key: str) -> str:
        """The sentence of ``key`` with the lesson's numbers filled in."""
        return self._sentences[key].format(**self._words)

    def has(self, key: str) -> bool:
        """Whether the lesson has such a sentence of its own."""
        return key in self._sentences

    def question(self, task: Task) -> str:
        """The question of a task."""
        return self(f"tasks.{task.name}.question")

    def said(self, task: Task) -> str:
        """The sentence with the right number, or a model answer; "" where there is none."""
        key = f"tasks.{task.name}.said"
        return self(key) if self.has(key) else ""

    def answer(self, task: Task, answer: str) -> str:
        """One of a task's choices in words."""
        if answer == UNSURE:
            return self.common("experiments.unsure")
        return self._of_choice(task, "answers", "answer", answer)

    def why(self, task: Task, answer: str) -> str:
        """Why people choose an answer, or why it is right."""
        return self._of_choice(task, "why", "why", answer)

    def _of_choice(self, task: Task, table: str, prefix: str, answer: str) -> str:
        key = f"tasks.{task.name}.{table}.{answer}"
        if task.rule and not self.has(key):
            return self.common(f"experiment.{task.rule}.{prefix}_{answer}")
        return self(key)
