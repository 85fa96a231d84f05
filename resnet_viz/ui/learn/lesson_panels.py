"""A lesson as panels for a projector: one question, one figure or one answer each."""

from dataclasses import dataclass
from enum import StrEnum

from resnet_viz.lessons.lesson import Lesson, Task, View


class Kind(StrEnum):
    """What a panel shows."""

    QUESTION = "question"
    FIGURE = "figure"
    ANSWER = "answer"
    END = "end"


@dataclass(frozen=True)
class Panel:
    """One panel; ``reveals`` marks the one that answers the first question."""

    kind: Kind
    task: Task | None = None
    view: View | None = None
    reveals: bool = False


def panels_of(lesson: Lesson) -> tuple[Panel, ...]:
    """Return a lesson's panels in the order in which they are shown."""
    panels = [
        Panel(Kind.QUESTION, lesson.predict),
        Panel(Kind.FIGURE, lesson.predict, lesson.see, reveals=True),
        Panel(Kind.QUESTION, lesson.read),
        Panel(Kind.ANSWER, lesson.read),
        *(Panel(Kind.FIGURE, view=view) for view in lesson.change),
    ]
    for task in lesson.exercise:
        panels += [Panel(Kind.QUESTION, task), Panel(Kind.ANSWER, task)]
    return (*panels, Panel(Kind.END))
