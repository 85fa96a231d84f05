"""Lessons are data: complete in both languages, and their keys are rules on what is recorded."""

import string
from dataclasses import replace

import pytest

from resnet_viz.core.errors import DataError, OptionError
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.figures.lesson_plots import lesson_figure, lesson_panel
from resnet_viz.lessons.lesson import STEPS, Derived, Operation, TaskKind
from resnet_viz.lessons.lesson_files import (
    FOLDER,
    LessonText,
    find_lesson,
    lesson_sentences,
    lessons,
    read_lesson,
)
from resnet_viz.lessons.lesson_records import (
    finding_of,
    lesson_numbers,
    measured_answer,
    number_words,
)
from resnet_viz.records.verdict import UNSURE

LESSONS = tuple(lessons().values())
each = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def places(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_lessons_are_numbered_in_order_and_their_folders_are_named_after_them():
    assert [one.number for one in LESSONS] == sorted({one.number for one in LESSONS})
    folders = {f"{one.number:02}-{one.name}" for one in LESSONS}
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == folders
    assert len(STEPS) == 5


@each
def test_lesson_needs_only_lessons(lesson):
    assert set(lesson.needs) <= lessons().keys() - {lesson.name}


@each
def test_both_languages_have_the_same_sentences_with_the_same_numbers(lesson):
    english, chinese = (lesson_sentences(lesson.name, one) for one in LANGUAGES)
    assert set(english) == set(chinese)
    assert [key for key in english if places(english[key]) != places(chinese[key])] == []


@each
def test_every_number_of_a_sentence_is_recorded(lesson):
    words = number_words(lesson_numbers(lesson))
    for language in LANGUAGES:
        for key, sentence in lesson_sentences(lesson.name, language).items():
            assert places(sentence) <= words.keys(), key
            assert "!" not in sentence, key
            assert "！" not in sentence, key


@each
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_exists_and_none_is_spare(lesson, language):
    text = LessonText(lesson, language)
    used = {"title", "goal", "people_say", "takeaway"}
    assert all(map(text, used))
    for task in lesson.tasks:
        assert text.question(task)
        used |= {f"tasks.{task.name}.{part}" for part in ("question", "said")}
        if task.kind is not TaskKind.CHOICE:
            assert text.said(task)
        for answer in task.answers:
            assert text.answer(task, answer)
            assert text.why(task, answer)  # each wrong one has its line on why people say it
            used |= {f"tasks.{task.name}.{table}.{answer}" for table in ("answers", "why")}
        assert not task.answers or text.answer(task, UNSURE)
    for view in lesson.views:
        assert text(f"views.{view.name}")
        used.add(f"views.{view.name}")
    for view in lesson.change:
        assert text(f"labels.{view.name}")
        used.add(f"labels.{view.name}")
    assert set(lesson_sentences(lesson.name, language)) <= used


@each
def test_key_rules_give_one_of_the_answers_on_the_shipped_record(lesson):
    numbers = lesson_numbers(lesson)
    for task in lesson.tasks:
        if task.kind is TaskKind.CHOICE:
            may_be_open = (None,) if task.rule else ()  # as its experiment may be
            assert measured_answer(task, numbers) in (*task.answers, *may_be_open), task.name
    assert lesson.predict.kind is TaskKind.CHOICE
    assert 3 <= len(lesson.predict.answers) <= 4
    assert lesson.predict.choices[-1] == UNSURE


@each
def test_every_figure_is_drawn_from_the_record(lesson):
    for view in lesson.views:
        finding = finding_of(lesson, view.record)
        panel = lesson_panel(finding, view.panel, view.curves)
        behind = lesson_panel(finding, view.behind) if view.behind else None
        figure = lesson_figure(panel, Text("en"), behind=behind, large=430)
        assert figure.data
        assert figure.layout.height == 430


def test_record_without_a_decision_is_undecided():
    lesson = lessons()["cut-a-block"]
    numbers = dict(lesson_numbers(lesson))
    numbers |= {"median_gap_low": -40.0, "median_gap_high": 90.0}
    assert measured_answer(lesson.predict, numbers) is None
    unsaid = replace(lesson.predict, undecided="residual")
    assert measured_answer(unsaid, numbers) == "residual"


def test_other_record_gives_another_key():
    lesson = lessons()["two-by-two"]
    small = {f"batch_plain{end}": 1e-6 for end in ("", "_low", "_high")}
    assert measured_answer(lesson.predict, dict(lesson_numbers(lesson)) | small) == "vanishes"


def test_variants_differ_in_their_values():
    lesson = lessons()["one-block"]
    values = {lesson_numbers(lesson, variant)["varied_branch"] for variant in range(30)}
    assert len(values) > 20


@pytest.mark.parametrize(
    ("value", "right", "accepted"),
    [(90, 100, True), (130, 100, False), (-100, 100, False), (0, 0, True), (1.4, 0.5, False)],
)
def test_number_is_right_within_a_factor(value, right, accepted):
    task = replace(lessons()["cut-a-block"].read, within=0, factor=1.2)
    assert task.accepts(value, right) is accepted


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ("minuets = 3", "lesson_file"),
        ('record = "no-such"', "lesson_record"),
        ('[see]\nname = "see"\npanel = "deleted"', "lesson_file"),
        ("= [", "lesson_file"),
    ],
)
def test_bad_file_is_one_sentence(tmp_path, changed, code):
    source = (FOLDER / "10-cut-a-block" / "lesson.toml").read_text("utf-8")
    if changed.startswith("record"):
        source = source.replace('record = "lesion-56"', changed)
    elif changed.startswith("[see]"):
        source = source.replace(changed, "")
    else:
        source = f"{changed}\n{source}"
    path = tmp_path / "lesson.toml"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_lesson(path)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('panel = "deleted"', 'panel = "no_such"'),
        ('number = "residual_median"', 'number = "no_such"'),
        ('rule = "lesion"', 'rule = "no-such"'),
        ('of = ["shape_least", "keeps_most"]', 'of = ["shape_least", "no_such"]'),
        ('below = ["fails"]', 'below = ["no_such"]'),
    ],
)
def test_name_that_is_not_recorded_is_refused(tmp_path, old, new):
    source = (FOLDER / "10-cut-a-block" / "lesson.toml").read_text("utf-8")
    path = tmp_path / "lesson.toml"
    path.write_text(source.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_lesson(path)
    assert refused.value.code == "lesson_part"


def test_lessons_are_found_by_name_and_number_and_close_names_are_listed():
    assert find_lesson("10") is find_lesson("cut-a-block")
    with pytest.raises(OptionError, match="cut-a-block"):
        find_lesson("cut-block")


def test_operations_compute():
    lesson = lessons()["degradation"]
    of = {
        Operation.DIFFERENCE: 6, Operation.SUM: 10, Operation.PRODUCT: 16, Operation.POWER: 64,
        Operation.LOG2: 3, Operation.ROUND: 8,
    }  # fmt: skip
    derived = {one.value: Derived(one, ("8", "2")) for one in of}
    numbers = lesson_numbers(replace(lesson, derived=derived))
    assert {one: numbers[one.value] for one in of} == of
