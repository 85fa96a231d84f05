"""A lesson in every form that is taken away."""

from enum import StrEnum

from resnet_viz.lessons.lesson import Lesson
from resnet_viz.lessons.lesson_files import LessonText
from resnet_viz.lessons.paper.notebook import notebook
from resnet_viz.lessons.paper.quiz import csv_quiz, gift, markdown_quiz
from resnet_viz.lessons.paper.worksheet import worksheet


class Form(StrEnum):
    """The form of a document; its value is the file's suffix too."""

    HTML = "html"  # the worksheet
    MD = "md"
    GIFT = "gift"
    CSV = "csv"
    IPYNB = "ipynb"


def lesson_document(
    lesson: Lesson, form: Form, language: str, *, variant: int = 1, address: str = ""
) -> str:
    """Return a lesson as a worksheet, a quiz or a notebook.

    Parameters
    ----------
    lesson
        The lesson.
    form
        What is written.
    language
        Its language.
    variant
        Of the worksheet and the quizzes, from 1: other values where the lesson has several.
    address
        The lesson's address, for the worksheet's QR code; "" for none.

    """
    if form is Form.HTML:
        return worksheet(lesson, language, variant=variant, address=address)
    words = LessonText(lesson, language, variant - 1)
    match form:
        case Form.MD:
            return markdown_quiz(words)
        case Form.GIFT:
            return gift(words)
        case Form.CSV:
            return "\ufeff" + csv_quiz(words)  # the mark by which spreadsheets know UTF-8
        case Form.IPYNB:
            return notebook(LessonText(lesson, language))
