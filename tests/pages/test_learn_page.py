"""The Learn page without a browser: a guess is committed once, and steps appear one by one."""

import pytest

from resnet_viz.core.glossary import glossary
from resnet_viz.core.text import Text
from resnet_viz.lessons.lesson_files import LessonText, lessons
from resnet_viz.ui.learn.class_room import class_store
from resnet_viz.ui.learn.lesson_panels import Kind, panels_of
from tests.pages import opening
from tests.pages.opening import words

PAGE = "pages/0_Learn.py"
NAME = "two-by-two"
LESSON = lessons()[NAME]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """A fresh machine without a network."""
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))


def opened(**query):
    app = opening.opened(PAGE, **query)
    assert not app.exception
    return app


def query(app, name):
    value = app.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def said(app):
    """What the page says, without the signs that keep Markdown from being read as such."""
    return words(app).replace("\\", "")


def test_list_has_every_lesson():
    app = opened(lang="zh")
    for lesson in lessons().values():
        assert LessonText(lesson, "zh")("goal") in said(app)
        assert app.button(key=f"open_{lesson.name}")


def test_claims_have_their_verdict_and_lead_to_a_lesson():
    app = opened(learn_tab="claims")
    assert Text("en")("claims.overfitting_why") in said(app)
    assert Text("en")("learn.verdict_wrong") in said(app)
    app.button(key="claim_overfitting").click().run()
    assert query(app, "lesson") == "degradation"


@pytest.mark.parametrize("name", ["残差连接", "跳跃连接", "捷径"])
def test_every_name_of_a_shortcut_finds_the_word(name):
    text = Text("zh")
    found = [term for term in glossary(text) if name in term.words]
    assert [term.words[0] for term in found] == ["快捷连接"]


def test_lesson_is_walked_from_the_guess_to_the_exercise():
    app = opened()
    app.button(key=f"open_{NAME}").click().run()
    assert query(app, "lesson") == NAME
    assert not app.get("plotly_chart")
    app.radio(key=f"predict_{NAME}").set_value("vanishes").run()
    app.button(key="commit").click().run()
    assert query(app, "guess") == "vanishes"
    assert len(app.get("plotly_chart")) == 1
    assert app.radio(key=f"predict_{NAME}").disabled
    assert LessonText(LESSON, "en").why(LESSON.predict, "vanishes") in said(app)
    app.button(key="to_read").click().run()
    app.number_input(key=f"task_{NAME}_read").set_value(3.0).run()
    app.button(key=f"check_{NAME}_read").click().run()
    assert app.number_input(key=f"task_{NAME}_read").disabled
    app.button(key="to_change").click().run()
    assert len(app.get("plotly_chart")) == 2
    app.button(key="to_exercise").click().run()
    app.radio(key=f"task_{NAME}_none_residual").set_value("explodes").run()
    app.button(key=f"check_{NAME}_none_residual").click().run()
    app.button(key=f"show_{NAME}_tutorial").click().run()
    assert not app.exception
    assert query(app, "step") == "5"
    app.button(key="next_lesson").click().run()
    assert query(app, "lesson") != NAME
    assert not app.get("plotly_chart")


def test_guess_survives_a_reload_and_a_change_of_language_and_stays():
    app = opened(lesson=NAME, guess="steady", step="2", lang="zh")
    assert app.radio(key=f"predict_{NAME}").value == "steady"
    assert app.radio(key=f"predict_{NAME}").disabled
    assert LessonText(LESSON, "zh").answer(LESSON.predict, "steady") in said(app)
    assert query(app, "guess") == "steady"
    app.session_state["lang"] = "en"
    app.run()
    assert app.radio(key=f"predict_{NAME}").value == "steady"


def test_link_that_begins_behind_the_question_counts_it_as_skipped():
    app = opened(lesson=NAME, step="4")
    assert query(app, "guess") == "skip"
    assert app.radio(key=f"predict_{NAME}").disabled
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize(
    "hostile",
    [
        {"lesson": "no-such"},
        {"lesson": NAME, "step": "٣", "guess": "<b>"},
        {"lesson": NAME, "step": "99999999999999999999"},
        {"lesson": NAME, "guess": "x" * 100_000},
        {"lesson": NAME, "present": "1", "panel": "-3"},
    ],
)
def test_hostile_addresses_fall_back(hostile):
    app = opened(**hostile)
    assert not app.get("plotly_chart")


def test_every_panel_is_presented():
    panels = panels_of(lessons()["one-block"])
    assert {panel.kind for panel in panels} == set(Kind)
    app = opened(lesson="one-block", present="1")
    for number, panel in enumerate(panels):
        assert not app.exception
        assert bool(app.get("plotly_chart")) is (panel.kind is Kind.FIGURE)
        assert query(app, "panel") == (str(number) if number else "")
        if number + 1 < len(panels):
            app.button(key="panel_next").click().run()
    app.button(key="panel_leave").click().run()
    assert query(app, "present") == ""
    assert not app.exception


def test_class_votes_are_counted_and_shown_with_the_figure():
    class_store.clear()
    teacher = opened()
    teacher.button(key="class_start").click().run()
    code = query(teacher, "class")
    pupils = [opened(**{"class": code, "lesson": NAME, "me": f"pupil{n}"}) for n in range(2)]
    for pupil, answer in zip(pupils, ("vanishes", "explodes"), strict=True):
        pupil.radio(key=f"predict_{NAME}").set_value(answer).run()
        pupil.button(key="commit").click().run()
        assert "2 answered" not in said(pupil) or answer == "explodes"
    asked = opened(**{"class": code, "teacher": query(teacher, "teacher"), "lesson": NAME,
                      "present": "1"})  # fmt: skip
    assert f"{code}: 2 answered" in said(asked)
    assert "A 1" not in said(asked)
    asked.button(key="panel_next").click().run()
    assert "A 1 · B 0 · C 1" in said(asked)
    reloaded = opened(**{"class": code, "lesson": NAME, "me": "pupil0", "guess": "vanishes"})
    assert f"{code}: 2 answered" in said(reloaded)  # a reload is no second vote
    teacher.button(key="class_forget").click().run()
    assert query(teacher, "class") == ""
    assert not class_store().exists(code)


@pytest.mark.parametrize("code", ["ZZZZ", "x" * 100_000, "../.."])
def test_unknown_class_is_no_class(code):
    app = opened(**{"class": code})
    app.text_input(key="class_typed").set_value("QQQQ").run()
    assert Text("en")("errors.class_unknown", letters="QQQQ") in said(app)
