"""A class on the page: its code, its votes, and what its teacher does with them."""

import secrets
from dataclasses import dataclass

import segno
import streamlit as st

from resnet_viz.core.errors import ClassError
from resnet_viz.core.places import home
from resnet_viz.core.tables import csv_text
from resnet_viz.core.text import Text
from resnet_viz.lessons.class_store import CODE_LENGTH, ClassStore, Tally
from resnet_viz.lessons.lesson import Lesson, Task
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import CLASS_CODE, CLASS_ME, CLASS_TEACHER, CLASS_TYPED
from resnet_viz.ui.frame.words import md_escape

_EVERY = 1.5  # seconds between looks at the votes
_QR_SCALE = 6  # pixels a module


@st.cache_resource(show_spinner=False)
def class_store() -> ClassStore:
    """Return the classes of this process."""
    return ClassStore(home() / "classes")


@dataclass(frozen=True)
class Membership:
    """The class that this visitor is in; ``key`` is "" for pupils."""

    code: str
    me: str
    key: str

    @property
    def teaches(self) -> bool:
        """Whether this visitor is the teacher."""
        return bool(self.key) and class_store().is_teacher(self.code, self.key)


def membership() -> Membership | None:
    """Return the class of the session or of the address, if there is one with this code now."""
    for key in (CLASS_CODE, CLASS_ME, CLASS_TEACHER):
        if not key.is_set:
            key.set(key.in_address[:64])
    code = CLASS_CODE.get().upper()
    if len(code) != CODE_LENGTH or not class_store().exists(code):
        return None
    if not CLASS_ME.get():
        CLASS_ME.set(secrets.token_hex(8))
    for key in (CLASS_CODE, CLASS_ME, CLASS_TEACHER):
        key.write_address(key.get())
    return Membership(code, CLASS_ME.get(), CLASS_TEACHER.get())


def question_of(lesson: Lesson, task: Task) -> str:
    """Return the name under which votes on a task are counted."""
    return f"{lesson.name} {task.name}"


def show_class(text: Text) -> None:
    """Show how to start or to join a class; for a teacher its code, its table and its end."""
    joined = membership()
    with st.expander(text("learn.class"), expanded=joined is not None):
        if joined is None:
            _offer_joining(text)
        else:
            _show_joined(joined, text)


def _offer_joining(text: Text) -> None:
    st.caption(text("learn.class_about"))
    left, right = st.columns(2, vertical_alignment="bottom")
    left.button(text("learn.class_start"), key="class_start", on_click=_start, args=(text,))
    typed = right.text_input(text("learn.class_code"), key=CLASS_TYPED.name, max_chars=CODE_LENGTH)
    if typed:
        code = typed.strip().upper()
        if class_store().exists(code):
            CLASS_CODE.set(code)
            st.rerun()
        show_error(ClassError("class_unknown", letters=code), text)


def _start(text: Text) -> None:
    try:
        code, key = class_store().start()
    except ClassError as error:
        show_error(error, text)
        return
    CLASS_CODE.set(code)
    CLASS_TEACHER.set(key)


def _show_joined(joined: Membership, text: Text) -> None:
    st.markdown(f"### {joined.code}")
    if not joined.teaches:
        st.caption(text("learn.class_joined"))
        st.button(text("learn.class_leave"), key="class_leave", on_click=_leave)
        return
    st.caption(text("learn.class_teacher"))
    base = (st.context.url or "").partition("?")[0]
    address = f"{base}?{CLASS_CODE.name}={joined.code}"
    st.code(address, language=None)
    code = segno.make(address, error="m", micro=False)
    st.image(code.svg_inline(scale=_QR_SCALE, border=2, dark="#000", light="#fff"))
    with st.container(horizontal=True):
        st.download_button(
            text("learn.class_csv"), lambda: _table(joined), file_name=f"class-{joined.code}.csv",
            mime="text/csv", on_click="ignore", key="class_csv",
        )  # fmt: skip
        st.button(text("learn.class_forget"), key="class_forget", on_click=_forget, args=(joined,))


def _table(joined: Membership) -> str:
    import pandas as pd

    columns = ["question", "round", "answer", "sureness", "pupil", "seconds"]
    return csv_text(pd.DataFrame(class_store().rows(joined.code, joined.key), columns=columns))


def _forget(joined: Membership) -> None:
    class_store().forget(joined.code, joined.key)
    _leave()


def _leave() -> None:
    for key in (CLASS_CODE, CLASS_TEACHER):
        key.set("")
        key.write_address("")
    CLASS_TYPED.set("")


def send_vote(lesson: Lesson, task: Task, answer: str, sureness: str) -> None:
    """Count a pupil's answer in the class, if there is one; the teacher does not vote."""
    joined = membership()
    if joined is None or joined.teaches or answer not in task.choices:
        return
    try:
        class_store().vote(joined.code, question_of(lesson, task), joined.me, answer, sureness)
    except ClassError:  # over, or full: the lesson goes on alone
        return


def show_votes(lesson: Lesson, task: Task, labels: dict[str, str], text: Text) -> None:
    """Show how many have answered, and what, once it is shown; it follows the votes."""
    joined = membership()
    if joined is None:
        return
    st.fragment(_votes, run_every=_EVERY)(joined, question_of(lesson, task), labels, text)


def _votes(joined: Membership, question: str, labels: dict[str, str], text: Text) -> None:
    try:
        tally = class_store().tally(joined.code, question)
    except ClassError:
        return
    told = text("learn.class_answered", answered=tally.answered, code=joined.code)
    st.markdown(f"**{md_escape(told)}**{_counts(tally, labels)}")


def _counts(tally: Tally, labels: dict[str, str]) -> str:
    if not tally.shown:
        return ""
    counted = [f"{label} {tally.counts.get(answer, 0)}" for answer, label in labels.items()]
    return " · " + md_escape(" · ".join(counted))


def reveal_votes(lesson: Lesson, task: Task) -> None:
    """Show the votes to everybody, if this visitor is the teacher of a class."""
    joined = membership()
    if joined is not None and joined.teaches:
        class_store().show(joined.code, joined.key, question_of(lesson, task))
