"""What a teacher takes away from a lesson: worksheet, quizzes, notebook."""

from collections.abc import Callable

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson import Lesson
from resnet_viz.lessons.paper.lesson_documents import Form, lesson_document
from resnet_viz.lessons.paper.worksheet import MOST_VARIANTS
from resnet_viz.ui.frame.session import LESSON_VARIANT
from resnet_viz.ui.learn.lesson_link import lesson_address


def offer_papers(lesson: Lesson, text: Text) -> None:
    """Show the downloads; each is made when its button is pressed."""
    address = lesson_address(lesson)
    with st.popover(text("learn.papers"), icon=":material/print:"):
        variant = st.number_input(
            text("learn.variant"), 1, MOST_VARIANTS, step=1,
            key=LESSON_VARIANT[lesson.name].name, help=text("learn.variant_help"),
        )  # fmt: skip
        for form in Form:
            st.download_button(
                text(f"learn.paper_{form}"),
                _maker(lesson, form, text, int(variant), address),
                file_name=f"{lesson.name}-{variant}.{form}",
                on_click="ignore",
                key=f"paper_{form}",
                width="stretch",
            )


def _maker(
    lesson: Lesson, form: Form, text: Text, variant: int, address: str
) -> Callable[[], str]:  # fmt: skip
    return lambda: lesson_document(lesson, form, text.language, variant=variant, address=address)
