"""All lessons as one HTML file without a server: the real figures, answers folded."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from resnet_viz.core.text import Text
from resnet_viz.figures.lesson_plots import lesson_figure, lesson_panel
from resnet_viz.lessons.lesson import Lesson, View
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import finding_of, measured_answer
from resnet_viz.lessons.paper.rendering import render
from resnet_viz.report.html_document import plot_markup


@dataclass(frozen=True)
class StaticLesson:
    """A lesson with its figures as HTML."""

    words: LessonText
    figures: tuple[tuple[View, Markup], ...]

    @property
    def right(self) -> str | None:
        """The answer that the record gives to the first question."""
        return measured_answer(self.words.lesson.predict, self.words.numbers)

    def key(self, name: str) -> str:
        """The right answer of an exercise in words; "" where it is no choice or undecided."""
        task = next(one for one in self.words.lesson.tasks if one.name == name)
        right = measured_answer(task, self.words.numbers) if task.answers else None
        return "" if right is None else self.words.answer(task, right)


def static_lessons(chosen: Sequence[Lesson], language: str) -> str:
    """Return lessons as one HTML document that works offline, on a phone too."""
    text = Text(language)
    pages: list[StaticLesson] = []
    for lesson in chosen:
        figures: list[tuple[View, Markup]] = []
        for view in lesson.views:
            first = not pages and not figures  # Plotly's code goes with the first plot
            figures.append((view, _figure(lesson, view, text, with_plotly=first)))
        pages.append(StaticLesson(LessonText(lesson, language), tuple(figures)))
    return render("lessons.html", text, pages=pages)


def _figure(lesson: Lesson, view: View, text: Text, *, with_plotly: bool) -> Markup:
    finding = finding_of(lesson, view.record)
    panel = lesson_panel(finding, view.panel, view.curves)
    assert panel is not None  # checked when the lesson was read
    behind = lesson_panel(finding, view.behind) if view.behind else None
    return plot_markup(lesson_figure(panel, text, behind=behind), with_plotly=with_plotly)
