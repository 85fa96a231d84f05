"""A lesson as a Jupyter notebook, written as JSON."""

import json
from collections.abc import Sequence

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import Task, TaskKind
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import measured_answer
from resnet_viz.lessons.paper.quiz import tolerance


def notebook(words: LessonText) -> str:
    """Return a notebook: figures from the record, and for each task an empty cell and a check.

    Its code uses what ``resnet_viz`` exports at the top.
    """
    lesson, text = words.lesson, words.common
    cells = [
        _markdown(f"# {lesson.number}. {words('title')}\n\n{words('goal')}"),
        _code(["%pip install --quiet resnet_viz"]),
        _code([
            "from resnet_viz import lesson_plot, lesson_values",
            "",
            f'values = lesson_values("{lesson.name}")',
        ]),
        _markdown(f"## {text('learn.step_predict')}\n\n{_asked(words, lesson.predict)}"),
        _markdown(f"## {text('learn.step_see')}"),
        _code([f'lesson_plot("{lesson.name}", language="{text.language}")']),
        _markdown(_said(words, lesson.predict)),
    ]  # fmt: skip
    for view in lesson.change:
        cells += [
            _markdown(words(f"views.{view.name}")),
            _code([f'lesson_plot("{lesson.name}", "{view.name}", language="{text.language}")']),
        ]
    cells.append(_markdown(f"## {text('learn.step_exercise')}"))
    for task in (lesson.read, *lesson.exercise):
        cells += [_markdown(_asked(words, task)), *_answer_cells(words, task, text)]
    cells.append(_markdown(words("takeaway")))
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _asked(words: LessonText, task: Task) -> str:
    answers = [f"- `{answer}`: {words.answer(task, answer)}" for answer in task.answers]
    return "\n".join([f"**{words.question(task)}**", "", *answers])


def _said(words: LessonText, task: Task) -> str:
    right = measured_answer(task, words.numbers)
    if right is None:
        return words.common("learn.undecided")
    said = words.common("learn.measured", answer=words.answer(task, right))
    return f"{said} {words.why(task, right)}\n\n{words('views.see')}"


def _answer_cells(words: LessonText, task: Task, text: Text) -> list[dict[str, object]]:
    """Return an empty answer and what checks it; for an answer in words, a model answer."""
    if task.kind is TaskKind.OPEN:
        return [_markdown(f"<details>\n\n{words.said(task)}\n\n</details>")]
    if task.kind is TaskKind.NUMBER:
        right = words.numbers[task.number]
        check = f'abs(answer - values["{task.number}"]) <= {tolerance(task, right):.4g}'
    else:
        decided = measured_answer(task, words.numbers)
        if decided is None:
            return [_markdown(text("learn.undecided"))]
        check = f'answer == "{decided}"'
    return [
        _code([f"answer = ...  # {text('learn.your_answer')}"]),
        _code([f"assert answer is ... or {check}"]),
    ]


def _markdown(source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(lines: Sequence[str]) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": "\n".join(lines),
    }
