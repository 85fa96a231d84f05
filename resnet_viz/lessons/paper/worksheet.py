"""A worksheet of two A4 pages: questions; for the teacher the key and a plan by the minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import segno
from markupsafe import Markup

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.figures.lesson_plots import lesson_panel
from resnet_viz.figures.printed_plots import printed_axes, printed_panel
from resnet_viz.lessons.lesson import STEPS, Lesson, Task, TaskKind
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import finding_of, measured_answer
from resnet_viz.lessons.paper.rendering import render

#: Worksheets differ up to this number; then they repeat.
MOST_VARIANTS = 30

_LETTERS = "ABCD"
#: Shares of the lesson's minutes by step; an exercise takes what is left.
_SHARES = (0.2, 0.2, 0.15, 0.2, 0.25)


@dataclass(frozen=True)
class PrintedTask:
    """A question on paper, and its key."""

    question: str
    kind: TaskKind
    answers: tuple[tuple[str, str], ...]  # letter, answer
    key: str
    whys: tuple[tuple[str, str], ...]  # letter of a wrong answer, why people give it
    said: str


@dataclass(frozen=True)
class PlannedStep:
    """A step of the lesson in the teacher's plan, with its minutes from the start."""

    start: int
    end: int
    title: str
    doing: str


def worksheet(lesson: Lesson, language: str, *, variant: int = 1, address: str = "") -> str:
    """Return a worksheet as an HTML document that prints on two A4 pages.

    Parameters
    ----------
    lesson
        The lesson.
    language
        Its language.
    variant
        From 1: the order of the answers and, where the lesson has several, the values differ.
    address
        The lesson's address, drawn as a QR code; "" draws none.

    """
    words = LessonText(lesson, language, variant - 1)
    panel = lesson_panel(finding_of(lesson, lesson.see.record), lesson.see.panel, lesson.see.curves)
    assert panel is not None  # checked when the lesson was read
    text = Text(language)
    return render(
        "worksheet.html",
        text,
        words=words,
        variant=variant,
        tasks=[_printed(words, task, variant) for task in lesson.tasks],
        sketch=Markup(printed_axes(panel, text)),
        figure=Markup(printed_panel(panel, text)),
        plan=list(plan(lesson, text)),
        code=Markup(qr_svg(address)) if address else "",
        address=address,
    )


def _printed(words: LessonText, task: Task, variant: int) -> PrintedTask:
    answers = list(task.answers)
    Random(f"{words.lesson.name} {task.name} {variant}").shuffle(answers)
    letters = dict(zip(answers, _LETTERS, strict=False))
    right = measured_answer(task, words.numbers) if answers else None
    key = letters[right] if right is not None else ""
    if task.kind is TaskKind.NUMBER:
        key = readable(words.numbers[task.number])
    elif answers and right is None:
        key = words.common("learn.open_key")
    return PrintedTask(
        question=words.question(task),
        kind=task.kind,
        answers=tuple((letters[one], words.answer(task, one)) for one in answers),
        key=key,
        whys=tuple((letters[one], words.why(task, one)) for one in answers if one != right),
        said=words.said(task),
    )


def plan(lesson: Lesson, text: Text) -> Iterator[PlannedStep]:
    """Yield the teacher's plan: from which minute to which, and what happens."""
    start = 0.0
    for step, share in zip(STEPS, _SHARES, strict=True):
        end = start + share * lesson.minutes
        yield PlannedStep(
            round(start), round(end), text(f"learn.step_{step}"), text(f"learn.plan_{step}")
        )
        start = end


def qr_svg(address: str) -> str:
    """Return the QR code of an address as SVG, without an XML declaration."""
    code = segno.make(address, error="m", micro=False)
    return str(code.svg_inline(scale=3, border=2))
