"""The first visit: who sees it, and the way on."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.core.text import Text
from resnet_viz.ui.first import page as first_page
from resnet_viz.ui.frame import session
from resnet_viz.ui.frame.session import LANGUAGE, SEEN, SEEN_COOKIE, START
from tests.source import ROOT


def opened(monkeypatch, cookies=(), **query):
    """The app's address in a browser with these cookies; Compare itself is left out."""
    monkeypatch.setattr(session.st.context.__class__, "cookies", dict.fromkeys(cookies, "1"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app


def headings(app):
    return [element.value for element in app.header]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_new_visitor_sees_the_figure_before_anything_is_loaded(monkeypatch, language):
    app = opened(monkeypatch, **{LANGUAGE.name: language}).run()
    assert not app.exception
    text = Text(language)
    assert headings(app) == [text("first.title")]
    shown = {one.proto.component_name: one.proto for one in app.get("bidi_component")}
    figure = json.loads(shown["resnet_viz_block_stage"].json)
    assert len(figure["states"]) == 11
    assert text("first.arc") in figure["html"][0]
    assert [button.label for button in app.main.button] == [text("first.go_on")]
    assert not json.loads(shown["resnet_viz_glossary_marks"].json)["cookie"]


@pytest.mark.parametrize(
    ("cookies", "query", "seen", "first"),
    [
        ((), {}, False, True),
        ((), {LANGUAGE.name: "zh"}, False, True),
        ((SEEN_COOKIE,), {}, False, False),
        ((), {}, True, False),
        ((), {"network": "resnet56"}, False, False),  # a link to something
        ((SEEN_COOKIE,), {START.name: "1"}, True, True),  # asked for
    ],
)
def test_who_sees_the_first_page(monkeypatch, cookies, query, seen, first):
    def script():
        import streamlit as st

        from resnet_viz.ui.frame.session import first_visit

        st.text(str(first_visit()))

    monkeypatch.setattr(session.st.context.__class__, "cookies", dict.fromkeys(cookies, "1"))
    app = AppTest.from_function(script)
    app.session_state[SEEN.name] = seen
    for name, value in query.items():
        app.query_params[name] = value
    assert app.run().text[0].value == str(first)


def test_the_button_leads_on_and_is_remembered(monkeypatch):
    def script():
        from resnet_viz.core.text import Text
        from resnet_viz.ui.first.page import show_first_visit

        show_first_visit(Text("en"))

    monkeypatch.setattr(first_page, "block_stage", lambda *args, **kwargs: None)
    app = AppTest.from_function(script)
    app.query_params[START.name] = "1"
    app.run()
    app.button(key="go_on").click().run()
    assert app.session_state[SEEN.name] is True
    assert START.name not in app.query_params
