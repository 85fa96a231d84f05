"""The Experiments page without a browser: a gallery, a guess, and then the measurement."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.bundled import bundled_names
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.text import Text
from resnet_viz.ui.live import live
from tests.source import ROOT

TIMEOUT = 120  # seconds; a cold start imports torch
PAGE = "pages/5_Experiments.py"

pytestmark = pytest.mark.skipif(
    not {"resnet20", "plain20"} <= set(bundled_names()), reason="no bundled twins"
)


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def measured(app):
    for running in list(live()._live.values()):
        assert running.wait(TIMEOUT)
    return app.run()


def words(app):
    shown = [*app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(str(element.value) for element in shown)


def revealed(name, **query):
    app = opened(experiment=name, **query)
    app.toggle(key=f"small_{name}").set_value(True).run()
    app.button(key="reveal").click().run()
    return measured(app)


def test_gallery_has_a_card_for_every_experiment():
    app = opened()
    assert not app.exception
    for name in EXPERIMENTS:
        assert Text("en")(f"experiment.{name}.title") in words(app)
        assert app.button(key=f"open_{name}")
    assert not app.get("plotly_chart")


def test_a_card_opens_its_experiment_and_back_leads_to_the_gallery():
    app = opened()
    app = app.button(key="open_paths").click().run()
    assert app.query_params["experiment"] in (["paths"], "paths")
    app = app.button(key="back").click().run()
    assert not app.exception
    assert app.button(key="open_lesion")


def test_nothing_is_shown_before_the_guess_is_revealed():
    app = opened(experiment="zero-means-identity")
    assert not app.get("plotly_chart")
    assert app.radio(key="guess_zero-means-identity").value is None


@pytest.mark.parametrize("name", ["zero-means-identity", "layer-responses", "cka", "degradation"])
def test_revealing_shows_panels_caption_and_verdict(name):
    app = revealed(name)
    assert not app.exception
    assert not app.error
    assert len(app.get("plotly_chart")) >= 1
    for chart in app.get("plotly_chart"):
        assert json.loads(chart.proto.spec)["data"]
    assert Text("en")(f"experiment.{name}.claim") in words(app)
    assert "run_experiment" in app.code[0].value


def test_the_guess_is_compared_with_the_measurement():
    app = opened(experiment="zero-means-identity")
    app.toggle(key="small_zero-means-identity").set_value(True).run()
    app.radio(key="guess_zero-means-identity").set_value("plain").run()
    app.button(key="reveal").click().run()
    app = measured(app)
    guess = Text("en")("experiment.zero-means-identity.answer_plain")
    assert Text("en")("experiments.wrong", guess=guess) in words(app)


def test_chinese_page_has_no_key_left():
    app = revealed("layer-responses", lang="zh")
    assert app.header[0].value == "实验"
    assert "experiment." not in words(app).replace("experiments.registry", "")


@pytest.mark.parametrize(
    "value", ["many", "-3", "9" * 80, "![x](http://127.0.0.1:9/a.png)", "<b>", ""]
)
def test_a_hostile_setting_is_one_sentence(value):
    app = opened(experiment="cka")
    app.text_input(key="set_cka_False_images").set_value(value).run()
    assert not app.exception
    assert len(app.warning) == 1
    assert "![x](" not in app.warning[0].value


@pytest.mark.parametrize("name", ["no-such", "../../etc/passwd", "x" * 10_000])
def test_hostile_address_opens_the_gallery(name):
    app = opened(experiment=name)
    assert not app.exception
    assert app.button(key="open_lesion")
