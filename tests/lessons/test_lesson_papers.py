"""Worksheets, quizzes and notebooks: read back, they are the lessons again."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from io import StringIO
from itertools import pairwise

import pytest
from typer.testing import CliRunner

import resnet_viz
from resnet_viz.cli import app
from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.figures.printed_plots import printed_panel
from resnet_viz.lessons.lesson import TaskKind
from resnet_viz.lessons.lesson_files import LessonText, lessons
from resnet_viz.lessons.lesson_records import finding_of, measured_answer
from resnet_viz.lessons.paper.lesson_documents import Form, lesson_document
from resnet_viz.lessons.paper.static_page import static_lessons
from resnet_viz.lessons.paper.worksheet import plan, qr_svg
from resnet_viz.records import Mark

LESSONS = tuple(lessons().values())
each = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def parsed_gift(document):
    """A small reader of GIFT: title, question, and the answers with their feedback."""
    for title, rest in re.findall(r"^::(.+?)::((?:.|\n)+?)(?=^::|\Z)", document, re.M):
        question, _, body = re.sub(r"\\(.)", lambda m: f"\0{ord(m[1])}\0", rest).partition("{")
        answers = re.findall(r"([=~])([^=~#}]+)#([^=~#}]*)", body.rpartition("}")[0])
        number = re.fullmatch(r"#([^:]+):(.+)", body.rpartition("}")[0].strip())
        yield title, plain(question), [(m, plain(a), plain(f)) for m, a, f in answers], number


def plain(text):
    return re.sub(r"\0(\d+)\0", lambda m: chr(int(m[1])), text).strip()


@each
@pytest.mark.parametrize("language", LANGUAGES)
def test_gift_is_read_back(lesson, language):
    words = LessonText(lesson, language)
    asked = {f"{lesson.name}-{task.name}": task for task in lesson.tasks}
    read = list(parsed_gift(lesson_document(lesson, Form.GIFT, language)))
    decided = [
        name
        for name, task in asked.items()
        if not task.answers or measured_answer(task, words.numbers) is not None
    ]
    assert [title for title, *_ in read] == decided
    for title, question, answers, number in read:
        task = asked[title]
        assert question == words.question(task)
        assert [answer for _, answer, _ in answers] == [words.answer(task, a) for a in task.answers]
        assert [why for _, _, why in answers] == [words.why(task, a) for a in task.answers]
        if task.answers:
            right = [answer for mark, answer, _ in answers if mark == "="]
            assert right == [words.answer(task, measured_answer(task, words.numbers))]
        if task.kind is TaskKind.NUMBER:
            assert task.accepts(float(number[1]), words.numbers[task.number])


@each
def test_quizzes_have_equal_counts_in_both_languages(lesson):
    count = len(lesson.tasks)
    for language in LANGUAGES:
        markdown = lesson_document(lesson, Form.MD, language)
        assert len(re.findall(r"^## \d+\.", markdown, re.M)) == count
        ticked = re.findall(r"^- \[x\] ", markdown, re.M)
        words = LessonText(lesson, language)
        assert len(ticked) == sum(
            bool(task.answers) and measured_answer(task, words.numbers) is not None
            for task in lesson.tasks
        )
        table = list(csv.reader(StringIO(lesson_document(lesson, Form.CSV, language)[1:])))
        assert len(table) == count + 1
        assert {len(row) for row in table} == {7}
        assert table[0][0] == Text(language)("learn.csv_question")


@each
def test_worksheet_asks_on_the_first_page_and_answers_on_the_second(lesson):
    address = "http://192.0.2.1:8501/Learn?lesson=" + lesson.name
    document = lesson_document(lesson, Form.HTML, "zh", variant=2, address=address)
    pupils, _, teacher = document.partition('class="teacher"')
    words = LessonText(lesson, "zh", 1)
    assert "<svg" in pupils
    assert "{" not in pupils.partition("</style>")[2]
    last = words("takeaway")[-12:]
    assert last not in pupils
    assert last in teacher
    assert Text("zh")("learn.plan_see") in teacher


def test_variants_of_a_worksheet_differ_and_repeat():
    lesson = lessons()["one-block"]
    first, again, other = (
        lesson_document(lesson, Form.HTML, "en", variant=variant) for variant in (1, 1, 2)
    )
    assert first == again
    body = first.partition("</h1>")[2]
    assert body.replace("Variant 1", "") != other.partition("</h1>")[2].replace("Variant 2", "")


@each
def test_plan_covers_the_minutes(lesson):
    steps = list(plan(lesson, Text("en")))
    assert steps[0].start == 0
    assert steps[-1].end == lesson.minutes
    assert all(one.end == two.start for one, two in pairwise(steps))


def test_course_of_a_lesson_is_forty_five_minutes():
    assert sum(lesson.minutes for lesson in LESSONS[:4]) == 45


@each
def test_figures_on_paper_are_svg_and_without_colours(lesson):
    panels = [panel for panel in finding_of(lesson).panels if panel.mark is not Mark.MAPS]
    for panel in panels:
        drawn = printed_panel(panel, Text("zh"))
        if panel.curves:
            ET.fromstring(drawn)
            assert set(re.findall(r"#[0-9a-f]{3,6}", drawn)) <= {"#000", "#999", "#555", "#ccc"}


def test_code_of_an_address_is_svg():
    assert ET.fromstring(qr_svg("http://192.0.2.1:8501/Learn?lesson=two-by-two")).tag.endswith(
        "svg"
    )


def test_notebooks_run(capsys):
    """Each cell of code but the installation, one after the other."""
    for language, name in (("en", "one-block"), ("zh", "cut-a-block")):
        document = json.loads(lesson_document(lessons()[name], Form.IPYNB, language))
        cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
        names = {}
        for cell in cells[1:]:
            exec(compile(cell["source"], name, "exec"), names)
        answer = {"one-block": "values['varied_join']", "cut-a-block": "'wrong'"}[name]
        names["answer"] = eval(answer, names)
        check = [cell["source"] for cell in cells if cell["source"].startswith("assert")][-1]
        with pytest.raises(AssertionError):
            exec(check, names | {"answer": "wrong" if "==" in check else -1e9})


def test_public_functions_read_the_record():
    assert resnet_viz.lesson_values("cut-a-block")["residual_median"] > -100
    assert resnet_viz.lesson_plot("cut-a-block", "some").data
    with pytest.raises(resnet_viz.ResnetVizError, match="shuffled"):
        resnet_viz.lesson_plot("cut-a-block", "no-such")


def test_command_writes_prints_and_lists(tmp_path):
    run = CliRunner().invoke
    file = tmp_path / "quiz.gift"
    arguments = ["lesson", "two-by-two", "--as", "gift", "--language", "zh", "--out", str(file)]
    assert run(app, arguments).exit_code == 0
    assert file.read_text("utf-8") == lesson_document(lessons()["two-by-two"], Form.GIFT, "zh")
    assert run(app, arguments).exit_code == 2  # nothing is overwritten
    printed = run(app, ["lesson", "4", "--as", "md"])
    assert printed.stdout == lesson_document(lessons()["two-by-two"], Form.MD, "en")
    listed = json.loads(run(app, ["lesson", "--json"]).stdout)
    assert [row["name"] for row in listed] == list(lessons())
    assert run(app, ["lesson", "no-such"]).exit_code == 2
    assert run(app, ["lesson", "4", "--variant", "31"]).exit_code == 2
    assert run(app, ["lesson", "all", "--as", "gift"]).exit_code == 2
    assert run(app, ["lesson", "4", "--out", str(tmp_path / "no" / "f.html")]).exit_code == 2


def test_static_page_needs_no_server():
    chosen = [lessons()["one-block"], lessons()["cut-a-block"]]
    document = static_lessons(chosen, "zh")
    body = document[document.index("<body>") :]
    assert not re.findall(r'(?:<script[^>]*src|<link[^>]*href|<img[^>]*src)="', body)
    for lesson in chosen:
        assert f'id="{lesson.name}"' in body
        assert LessonText(lesson, "zh")("title") in body
    assert body.count('class="plotly-graph-div"') == sum(len(lesson.views) for lesson in chosen)
