"""A lesson's questions as GIFT (Moodle), Markdown and CSV."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from resnet_viz.lessons.lesson import Task, TaskKind
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import measured_answer

_SPECIAL = "\\~=#{}:"
_LETTERS = "ABCD"


def gift(words: LessonText) -> str:
    """Return the questions in Moodle's GIFT format; undecided ones are left out.

    Wrong answers carry the line on why people give them. A number is right within its tolerance.
    """
    lesson = words.lesson
    category = f"$CATEGORY: resnet_viz/{words.common.language}\n"
    return "\n".join([category, *(
        f"::{lesson.name}-{task.name}:: {_escaped(words.question(task))} {body}\n"
        for task in lesson.tasks
        if (body := _gift_answers(words, task))
    )])  # fmt: skip


def _gift_answers(words: LessonText, task: Task) -> str:
    if task.kind is TaskKind.OPEN:
        return "{}"
    if task.kind is TaskKind.NUMBER:
        right = words.numbers[task.number]
        return f"{{#{right:g}:{tolerance(task, right):g}}}"
    right_answer = measured_answer(task, words.numbers)
    if right_answer is None:
        return ""
    lines = [
        f"  {'=' if answer == right_answer else '~'}{_escaped(words.answer(task, answer))}"
        f"#{_escaped(words.why(task, answer))}"
        for answer in task.answers
    ]
    return "{\n" + "\n".join(lines) + "\n}"


def tolerance(task: Task, right: float) -> float:
    """Return by how much a number may differ and still be right."""
    return max(task.within, abs(right) * (1 - 1 / task.factor), abs(right) * 1e-3)


def _escaped(sentence: str) -> str:
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in sentence)


def markdown_quiz(words: LessonText) -> str:
    """Return the questions as Markdown: a box for each answer, ticked where it is right."""
    lines = [f"# {words('title')}", "", words("goal"), ""]
    for number, task in enumerate(words.lesson.tasks, 1):
        lines += [f"## {number}. {words.question(task)}", ""]
        right = measured_answer(task, words.numbers) if task.answers else None
        for answer in task.answers:
            mark = "x" if answer == right else " "
            lines.append(f"- [{mark}] {words.answer(task, answer)}")
            lines.append(f"  > {words.why(task, answer)}")
        if task.answers and right is None:
            lines += ["", words.common("learn.undecided")]
        if said := words.said(task):
            lines += ["", f"> {said}"]
        lines.append("")
    return "\n".join(lines)


def csv_quiz(words: LessonText) -> str:
    """Return the questions as CSV for forms: question, answers A to D, key, explanation."""
    table = StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    head = ("question", *(f"answer_{letter}" for letter in _LETTERS), "key", "explanation")
    writer.writerow(words.common(f"learn.csv_{name}") for name in head)
    writer.writerows(_csv_rows(words))
    return table.getvalue()


def _csv_rows(words: LessonText) -> Iterator[Sequence[str]]:
    for task in words.lesson.tasks:
        answers = [words.answer(task, answer) for answer in task.answers]
        padded = [*answers, *[""] * (len(_LETTERS) - len(answers))]
        key, why = _key(words, task), words.said(task)
        if task.kind is TaskKind.CHOICE:
            right = measured_answer(task, words.numbers)
            why = words.common("learn.undecided") if right is None else words.why(task, right)
        yield (words.question(task), *padded, key, why)


def _key(words: LessonText, task: Task) -> str:
    """Return the letter or the number that is right; "" where nothing is."""
    if task.kind is TaskKind.NUMBER:
        return f"{words.numbers[task.number]:g}"
    if task.kind is TaskKind.OPEN:
        return ""
    right = measured_answer(task, words.numbers)
    return "" if right is None else _LETTERS[task.answers.index(right)]
