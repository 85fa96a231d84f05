"""One lesson: predict, see, read one number, change one thing, exercise."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import Lesson, Step
from resnet_viz.lessons.lesson_files import LessonText, lessons
from resnet_viz.lessons.lesson_records import measured_answer
from resnet_viz.records.verdict import UNSURE
from resnet_viz.ui.frame.session import (
    LESSON_CHANGE,
    LESSON_SURENESS,
    PRESENT,
    Key,
)
from resnet_viz.ui.frame.words import md_escape
from resnet_viz.ui.learn.class_room import send_vote, show_votes
from resnet_viz.ui.learn.lesson_figures import show_view
from resnet_viz.ui.learn.lesson_link import offer_link
from resnet_viz.ui.learn.lesson_papers import offer_papers
from resnet_viz.ui.learn.lesson_state import (
    SKIPPED,
    LessonState,
    advance,
    commit,
    lesson_state,
    open_lesson,
)
from resnet_viz.ui.learn.tasks import ask_task

_WIDE = [38, 62]  # percent: text left, figure right; a phone stacks them
_SURENESS = ("guess", "fairly", "sure")


def show_lesson(lesson: Lesson, text: Text) -> None:
    """Show the steps that were reached; the figure of a step stands at its right."""
    state = lesson_state(lesson)
    words = LessonText(lesson, text.language)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            text("learn.back"),
            key="all_lessons",
            on_click=open_lesson,
            args=(None,),
            type="tertiary",
        )
        st.button(text("learn.present"), key="present_start", on_click=PRESENT.write_address,
                  args=("1",), help=text("learn.present_help"))  # fmt: skip
        offer_link(lesson, text)
        offer_papers(lesson, text)
    st.subheader(f"{lesson.number}. {words('title')}", anchor=False)
    st.caption(md_escape(words("goal")))
    _predict(state, words, text)
    if state.reached(Step.SEE):
        _see(state, words, text)
    if state.reached(Step.READ):
        _read(state, words, text)
    if state.reached(Step.CHANGE):
        _change(state, words, text)
    if state.reached(Step.EXERCISE):
        _exercise(state, words, text)


def _head(step: Step, text: Text) -> None:
    st.markdown(f"##### {text(f'learn.step_{step}')}")


def _next(state: LessonState, step: Step, text: Text) -> None:
    """Show the button to a step, until it is shown."""
    if not state.reached(step):
        st.button(text(f"learn.to_{step}"), key=f"to_{step}", on_click=advance,
                  args=(state.lesson, step), type="primary")  # fmt: skip


def _predict(state: LessonState, words: LessonText, text: Text) -> None:
    lesson, task = state.lesson, state.lesson.predict
    _head(Step.PREDICT, text)
    key = Key[str | None](f"predict_{lesson.name}", None)
    committed = state.guess is not None
    if committed:
        key.set(state.guessed)
    st.markdown(md_escape(words.question(task)))
    guess = st.radio(
        md_escape(words.question(task)),
        task.choices,
        index=None,
        key=key.name,
        format_func=lambda answer: md_escape(words.answer(task, answer)),
        disabled=committed,
        label_visibility="collapsed",
    )
    if committed:
        return
    st.segmented_control(
        text("learn.sureness"), _SURENESS, key=LESSON_SURENESS[lesson.name].name,
        format_func=lambda one: text(f"learn.sure_{one}"),
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(text("learn.commit"), key="commit", type="primary", disabled=guess is None,
                  on_click=_commit, args=(lesson, guess or SKIPPED))  # fmt: skip
        st.button(text("learn.skip"), key="skip", on_click=commit, args=(lesson, SKIPPED))


def _commit(lesson: Lesson, guess: str) -> None:
    """Commit the guess, and count it in the class."""
    commit(lesson, guess)
    send_vote(lesson, lesson.predict, guess, LESSON_SURENESS[lesson.name].get() or "")


def _see(state: LessonState, words: LessonText, text: Text) -> None:
    st.divider()
    left, right = st.columns(_WIDE, gap="large")
    with left:
        _head(Step.SEE, text)
        task = state.lesson.predict
        labels = {answer: words.answer(task, answer) for answer in task.choices}
        show_votes(state.lesson, task, labels, text)
        _judge(state, words, text)
        st.markdown(md_escape(words("views.see")))
        _next(state, Step.READ, text)
    with right:
        show_view(state.lesson, state.lesson.see, text, key="see")


def _judge(state: LessonState, words: LessonText, text: Text) -> None:
    """Say what was guessed and measured, and why people guess so."""
    task, guess = state.lesson.predict, state.guessed
    measured = measured_answer(task, words.numbers)
    if measured is None:
        st.info(text("learn.undecided"))
        return
    said = md_escape(words.answer(task, measured))
    if guess in (None, UNSURE):
        st.info(f"{text('learn.measured', answer=said)} {md_escape(words.why(task, measured))}")
    elif guess == measured:
        st.success(f"{text('learn.right', answer=said)} {md_escape(words.why(task, measured))}")
    else:
        assert guess is not None
        mine = md_escape(words.answer(task, guess))
        st.warning(
            f"{text('learn.wrong', guess=mine, answer=said)} {md_escape(words.why(task, guess))}"
        )


def _read(state: LessonState, words: LessonText, text: Text) -> None:
    st.divider()
    left, _ = st.columns(_WIDE, gap="large")
    with left:
        _head(Step.READ, text)
        ask_task(words, state.lesson.read, text)
        _next(state, Step.CHANGE, text)


def _change(state: LessonState, words: LessonText, text: Text) -> None:
    st.divider()
    left, right = st.columns(_WIDE, gap="large")
    views = {view.name: view for view in state.lesson.change}
    with left:
        _head(Step.CHANGE, text)
        key = LESSON_CHANGE[state.lesson.name]
        first = next(iter(views))
        name = first
        if len(views) > 1:
            name = st.radio(
                text("learn.change_label"), list(views), key=key.name,
                format_func=lambda one: md_escape(words(f"labels.{one}")),
                label_visibility="collapsed",
            )  # fmt: skip
        st.markdown(md_escape(words(f"views.{name}")))
        _next(state, Step.EXERCISE, text)
    with right:
        show_view(state.lesson, views[name], text, key=f"change_{name}")


def _exercise(state: LessonState, words: LessonText, text: Text) -> None:
    st.divider()
    _head(Step.EXERCISE, text)
    for task in state.lesson.exercise:
        with st.container(border=True):
            ask_task(words, task, text)
    st.markdown(md_escape(text("learn.people_say", claim=words("people_say"))))
    st.success(md_escape(words("takeaway")))
    names = list(lessons())
    place = names.index(state.lesson.name) + 1
    if place < len(names):
        st.button(text("learn.next_lesson"), key="next_lesson", on_click=open_lesson,
                  args=(names[place],), type="primary")  # fmt: skip
