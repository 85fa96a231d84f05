"""A lesson on a projector: one panel at a time, in large type, driven by keys."""

from collections.abc import Callable, Mapping
from pathlib import Path
from string import ascii_uppercase

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.figures.lesson_plots import lesson_figure
from resnet_viz.lessons.lesson import Lesson, Task, TaskKind, View
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import measured_answer
from resnet_viz.ui.frame.charts import chart
from resnet_viz.ui.frame.components.presenter_keys import presenter_keys
from resnet_viz.ui.frame.session import ADDRESS_PANEL, LANGUAGE, PRESENT, PRESENT_PANEL
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.learn.class_room import reveal_votes, show_votes
from resnet_viz.ui.learn.lesson_figures import shown
from resnet_viz.ui.learn.lesson_panels import Kind, Panel, panels_of

_STYLE = Path(__file__).with_name("presenter.css")
_PLOT = 430  # pixels; with the sentence below it they fit into 720


def present(lesson: Lesson, text: Text) -> None:
    """Show one panel of a lesson and the bar below it; keys move on."""
    st.html(_STYLE)
    panels = panels_of(lesson)
    place = _place(lesson, len(panels))
    words = LessonText(lesson, text.language)
    with st.container(key="presenter"):
        _SHOW[panels[place].kind](panels[place], words, text)
    _bar(lesson, place, len(panels), text)
    presenter_keys(
        key="presenter_keys",
        on_key=lambda pressed: _pressed(pressed, lesson, panels, text),
    )


def _place(lesson: Lesson, count: int) -> int:
    """Return the number of the panel: of the session, the first time of the address."""
    key = PRESENT_PANEL[lesson.name]
    if key.get() is None:
        word = ADDRESS_PANEL.in_address
        key.set(int(word) if word in {str(n) for n in range(count)} else 0)
    place = key.get() or 0
    ADDRESS_PANEL.write_address(str(place) if place else "")
    return place


def _go(lesson: Lesson, count: int, by: int) -> None:
    key = PRESENT_PANEL[lesson.name]
    key.set(min(count - 1, max(0, (key.get() or 0) + by)))


def _pressed(pressed: str, lesson: Lesson, panels: tuple[Panel, ...], text: Text) -> None:
    """Do what a key means; black, size and full screen stay in the browser."""
    place = PRESENT_PANEL[lesson.name].get() or 0
    if pressed == "language":
        names = list(LANGUAGES)
        LANGUAGE.set(names[(names.index(text.language) + 1) % len(names)])
    elif pressed in ("next", "previous"):
        _go(lesson, len(panels), 1 if pressed == "next" else -1)
    elif pressed == "reveal" and panels[place].kind is Kind.QUESTION:
        _go(lesson, len(panels), 1)
    elif pressed == "leave":
        _leave()


def _leave() -> None:
    PRESENT.write_address("")
    ADDRESS_PANEL.write_address("")


def _bar(lesson: Lesson, place: int, count: int, text: Text) -> None:
    with st.container(key="presenter_bar", horizontal=True, vertical_alignment="center"):
        st.button(text("learn.previous"), key="panel_previous", on_click=_go,
                  args=(lesson, count, -1), disabled=place == 0)  # fmt: skip
        st.button(text("learn.next"), key="panel_next", on_click=_go,
                  args=(lesson, count, 1), disabled=place == count - 1)  # fmt: skip
        st.caption(f"{place + 1} / {count} · {text('learn.keys')}")
        st.button(text("learn.leave"), key="panel_leave", on_click=_leave, type="tertiary")


def _question(panel: Panel, words: LessonText, text: Text) -> None:
    task = _task(panel)
    show_votes(words.lesson, task, _letters(task), text)
    st.markdown(f"**{md_escape(words.question(task))}**")
    for letter, answer in zip(ascii_uppercase, task.answers, strict=False):
        st.markdown(f"**{letter}** {md_escape(words.answer(task, answer))}")


def _figure(panel: Panel, words: LessonText, text: Text) -> None:
    view = _view(panel)
    what = shown(words.lesson, view)
    figure = lesson_figure(what.panel, text, behind=what.behind, large=_PLOT)
    chart(figure, key=f"present_{view.name}", name=f"{words.lesson.name}-{view.name}")
    if panel.reveals:
        task = _task(panel)
        reveal_votes(words.lesson, task)
        show_votes(words.lesson, task, _letters(task), text)
        _measured(task, words, text)
    st.markdown(md_escape(words(f"views.{view.name}")))


def _letters(task: Task) -> dict[str, str]:
    return dict(zip(task.answers, ascii_uppercase, strict=False))


def _measured(task: Task, words: LessonText, text: Text) -> None:
    """Name the right answer with its letter."""
    measured = measured_answer(task, words.numbers)
    if measured is None:
        st.markdown(f"**{text('learn.undecided')}**")
        return
    letter = ascii_uppercase[task.answers.index(measured)]
    st.markdown(f"**{letter} {md_escape(words.answer(task, measured))}**")


def _answer(panel: Panel, words: LessonText, text: Text) -> None:
    task = _task(panel)
    if task.kind is TaskKind.NUMBER:
        with st.container(key="presenter_number"):
            st.markdown(f"**{readable(words.numbers[task.number])}**")
    if task.kind is TaskKind.CHOICE:
        _measured(task, words, text)
    st.markdown(md_escape(words.said(task)))


def _end(panel: Panel, words: LessonText, text: Text) -> None:
    st.markdown(md_escape(text("learn.people_say", claim=words("people_say"))))
    st.markdown(md_escape(words("takeaway")))


def _task(panel: Panel) -> Task:
    assert panel.task is not None
    return panel.task


def _view(panel: Panel) -> View:
    assert panel.view is not None
    return panel.view


_SHOW: Mapping[Kind, Callable[[Panel, LessonText, Text], None]] = {
    Kind.QUESTION: _question,
    Kind.FIGURE: _figure,
    Kind.ANSWER: _answer,
    Kind.END: _end,
}
