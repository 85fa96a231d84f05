"""A lesson in a notebook: its numbers, and its figures from the record."""

from collections.abc import Mapping

from resnet_viz.core.errors import OptionError, close_matches
from resnet_viz.core.text import Text
from resnet_viz.figures.lesson_plots import Drawn, lesson_figure, lesson_panel
from resnet_viz.lessons.lesson_files import find_lesson
from resnet_viz.lessons.lesson_records import finding_of, lesson_numbers


def lesson_values(lesson: str) -> Mapping[str, float]:
    """Return the numbers of a lesson by name, from its recordings.

    >>> round(lesson_values("clean-path")["left"], 1)
    5.8

    Parameters
    ----------
    lesson
        Name or number of the lesson.

    Raises
    ------
    OptionError
        If there is no such lesson.

    """
    return lesson_numbers(find_lesson(lesson))


def lesson_plot(lesson: str, view: str = "see", *, language: str = "en") -> Drawn:
    """Return a figure of a lesson, drawn from its recording.

    Parameters
    ----------
    lesson
        Name or number of the lesson.
    view
        "see", or one of the views of the step *change one thing*.
    language
        "en" or "zh".

    Returns
    -------
    plotly.graph_objects.Figure
        The figure.

    Raises
    ------
    OptionError
        If there is no such lesson or view.

    """
    chosen = find_lesson(lesson)
    views = {one.name: one for one in chosen.views}
    if view not in views:
        known = close_matches(view, list(views), count=20)
        raise OptionError("option_unknown", option="view", value=view[:80], known=known)
    what = views[view]
    finding = finding_of(chosen, what.record)
    panel = lesson_panel(finding, what.panel, what.curves)
    assert panel is not None  # checked when the lesson was read
    behind = lesson_panel(finding, what.behind) if what.behind else None
    return lesson_figure(panel, Text(language), behind=behind)
