"""The Learn page: the list of lessons, the claims and the words; or one lesson."""

from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson_files import lessons
from resnet_viz.ui.frame.named_tabs import named_tabs
from resnet_viz.ui.frame.session import LEARN_TAB, LESSON, PRESENT
from resnet_viz.ui.learn.claims_list import show_claims
from resnet_viz.ui.learn.class_room import show_class
from resnet_viz.ui.learn.lesson_list import show_lessons
from resnet_viz.ui.learn.lesson_view import show_lesson
from resnet_viz.ui.learn.presenter import present
from resnet_viz.ui.learn.word_index import show_words


def show_learn(text: Text) -> None:
    """Show the lesson that was chosen or that the address names; else what there is to choose."""
    if not LESSON.is_set:
        wanted = LESSON.in_address
        LESSON.set(wanted if wanted in lessons() else None)
    name = LESSON.get()
    LESSON.write_address(name or "")
    if name is None:
        PRESENT.write_address("")
        _overview(text)
    elif PRESENT.in_address == "1":
        present(lessons()[name], text)
    else:
        show_lesson(lessons()[name], text)


def _overview(text: Text) -> None:
    show_class(text)
    tabs = {"lessons": show_lessons, "claims": show_claims, "words": show_words}
    opened, place = named_tabs(LEARN_TAB, {one: text(f"learn.tab_{one}") for one in tabs})
    with place:
        tabs[opened](text)
