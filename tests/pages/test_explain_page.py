"""The Explain page without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.bundled import bundled_names
from tests.source import ROOT

TIMEOUT = 180  # seconds; a cold start imports torch, and captum


@pytest.fixture(autouse=True)
def bundled_twins():
    if not {"resnet20", "plain20"} <= set(bundled_names()):
        pytest.skip("no bundled twins in assets/checkpoints")


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("pages/2_Explain.py")
    app.run()
    return app


def words(app):
    shown = [*app.header, *app.markdown, *app.caption, *app.warning, *app.error, *app.info]
    return "\n".join(str(element.value) for element in shown)


def test_page_explains_both_twins_and_measures_them_without_a_click():
    app = opened()
    assert not app.exception
    assert "ResNet\\-20" in words(app)
    assert "plain\\-20" in words(app)
    assert "the same for both" in words(app)
    code = "\n".join(element.value for element in app.code)
    assert 'load_bundled("resnet20"), load_bundled("plain20")' in code
    scores = app.dataframe[0].value
    assert len(scores) == 10
    assert scores["ResNet-20"].notna().all()
    assert app.get("plotly_chart")


def test_options_follow_the_method_and_completeness_is_printed():
    app = opened(method="deep-lift")
    app.segmented_control(key="lang").set_value("zh").run()
    assert not app.exception
    assert [n.key for n in app.number_input if n.key.startswith("option_")] == [
        "option_deep-lift_smooth_samples",
        "option_deep-lift_smooth_deviation",
    ]
    assert "所有归因之和" in words(app)
    assert "explain." not in words(app)


def test_a_method_that_does_not_fit_is_one_sentence_and_the_form_stays():
    app = opened(method="lrp")
    assert not app.exception
    assert len(app.warning) == 1
    assert "LRP has no rule" in app.warning[0].value
    app.selectbox(key="method").set_value("saliency").run()
    assert not app.warning
    assert not app.exception


def test_the_table_measures_the_chosen_methods():
    app = opened()
    app.session_state["table_open"] = True
    app.session_state["table_methods"] = ["grad-cam", "lrp"]
    app.session_state["table_running"] = True
    app.run()
    assert not app.exception
    table = app.dataframe[1].value
    assert list(table["method"]) == ["Grad-CAM", "Grad-CAM", "Layer-wise relevance propagation"]
    assert "ResNet\\-20" in app.warning[0].value


def test_nonsense_in_the_address_is_ignored():
    app = opened(method="<b>", explain_layer="layer9.9", against="nobody")
    assert not app.exception
    assert not app.warning
