"""A question of a lesson: asked, committed once, and judged by the record."""

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import Task, TaskKind
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.lesson_records import measured_answer
from resnet_viz.records.verdict import UNSURE
from resnet_viz.ui.frame.session import LESSON_ANSWERS
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.learn.class_room import send_vote

_MOST_CHARACTERS = 400  # of an answer in words
_SHOWN = ""  # committed without an answer


def ask_task(words: LessonText, task: Task, text: Text) -> None:
    """Ask; after the answer or a skip, say what is right. An answer is committed once."""
    name = f"{words.lesson.name}_{task.name}"
    answer = LESSON_ANSWERS[name]
    match task.kind:
        case TaskKind.CHOICE:
            given: object = st.radio(
                md_escape(words.question(task)), task.choices, index=None, key=f"task_{name}",
                format_func=lambda one: md_escape(words.answer(task, one)),
                disabled=answer.is_set,
            )  # fmt: skip
        case TaskKind.NUMBER:
            given = st.number_input(
                md_escape(words.question(task)), value=None, key=f"task_{name}", format="%g",
                disabled=answer.is_set,
            )  # fmt: skip
        case TaskKind.OPEN:
            given = st.text_area(
                md_escape(words.question(task)), key=f"task_{name}", height=80,
                max_chars=_MOST_CHARACTERS, disabled=answer.is_set,
            )  # fmt: skip
    if answer.is_set:
        _judge(words, task, answer.get(), text)
        return
    with st.container(horizontal=True):
        st.button(text("learn.check"), key=f"check_{name}", disabled=given in (None, ""),
                  on_click=_commit, args=(words, task, given))  # fmt: skip
        st.button(text("learn.show_answer"), key=f"show_{name}", type="tertiary",
                  on_click=answer.set, args=(_SHOWN,))  # fmt: skip


def _commit(words: LessonText, task: Task, given: object) -> None:
    """Commit an answer, and count it in the class."""
    LESSON_ANSWERS[f"{words.lesson.name}_{task.name}"].set(given)
    send_vote(words.lesson, task, str(given), "")


def _judge(words: LessonText, task: Task, given: object, text: Text) -> None:
    """Say whether an answer is right, and the sentence with the right number."""
    said = md_escape(words.said(task))
    match task.kind:
        case TaskKind.CHOICE:
            _judge_choice(words, task, given, said, text)
        case TaskKind.NUMBER:
            _judge_number(words, task, given, said, text)
        case TaskKind.OPEN:
            st.info(said)


def _judge_choice(words: LessonText, task: Task, given: object, said: str, text: Text) -> None:
    right = measured_answer(task, words.numbers)
    if right is None:
        st.info(text("learn.undecided"))
        return
    answer = md_escape(words.answer(task, right))
    if given in (_SHOWN, UNSURE):
        st.info(f"{text('learn.measured', answer=answer)} {said}")
    elif given == right:
        st.success(f"{text('learn.right', answer=answer)} {said}")
    else:
        mine = md_escape(words.answer(task, str(given)))
        why = md_escape(words.why(task, str(given)))
        st.warning(f"{text('learn.wrong', guess=mine, answer=answer)} {why} {said}")


def _judge_number(words: LessonText, task: Task, given: object, said: str, text: Text) -> None:
    right = words.numbers[task.number]
    if not isinstance(given, (int, float)):
        st.info(said)
    elif task.accepts(float(given), right):
        st.success(f"{text('learn.number_right', given=readable(float(given)))} {said}")
    else:
        st.warning(f"{text('learn.number_wrong', given=readable(float(given)))} {said}")
