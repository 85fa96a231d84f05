"""The lessons of the course, in their order."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import Lesson
from resnet_viz.lessons.lesson_files import LessonText, lessons
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.learn.lesson_state import done, open_lesson


def show_lessons(text: Text) -> None:
    """Show every lesson: number, title, goal, minutes, what comes before it."""
    st.caption(text("learn.intro"))
    for lesson in lessons().values():
        with st.container(border=True):
            _row(lesson, text)


def _row(lesson: Lesson, text: Text) -> None:
    words = LessonText(lesson, text.language)
    about, opening = st.columns([5, 1], vertical_alignment="center")
    mark = f" · {text('learn.done')}" if done(lesson) else ""
    about.markdown(
        f"**{lesson.number}. {md_escape(words('title'))}**  \n{md_escape(words('goal'))}"
    )
    needs = [f"{lessons()[name].number}" for name in lesson.needs]
    after = f" · {text('learn.needs', lessons=', '.join(needs))}" if needs else ""
    about.caption(f"{text('learn.minutes', minutes=lesson.minutes)}{after}{mark}")
    opening.button(
        text("learn.open"), key=f"open_{lesson.name}", on_click=open_lesson, args=(lesson.name,),
        width="stretch",
    )  # fmt: skip
