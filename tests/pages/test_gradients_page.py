"""The Gradients page without a browser: it measures at once, and every control changes the plot."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.sources.bundled import bundled_names
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.gradient_growth import GradientConfig
from resnet_viz.spec import Initialisation, Kind, Norm
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.gradients import form as gradient_form
from resnet_viz.ui.gradients.form import PRESETS
from tests.pages import opening
from tests.pages.opening import TIMEOUT, measured, words


def opened(**query):
    return opening.opened("pages/3_Gradients.py", **query)


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """Presets of the shallowest network, which takes no time."""
    presets = {n: {k: v for k, v in own.items() if k != "depths"} for n, own in PRESETS.items()}
    monkeypatch.setattr(gradient_form, "PRESETS", presets)
    monkeypatch.setattr(gradient_form, "_START", {**gradient_form._START, "depths": [8]})


def plot(app):
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def test_page_measures_without_a_click_and_says_what_it_found():
    app = measured(opened())
    assert not app.exception
    assert not app.error
    names = {trace["name"] for trace in plot(app)["data"]}
    assert {"ResNet-8", "plain-8"} <= names
    assert plot(app)["layout"]["yaxis"]["type"] == "log"
    assert "ResNet-8" in words(app)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_sets_what_it_says(name):
    app = opened(preset=name)
    app = measured(app)
    assert not app.exception
    assert Text("en")(f"gradient_lab.about_{name}") in words(app)
    assert plot(app)["data"]


def test_presets_contrast_at_depth_56():
    """The first and the third: with batch normalisation it explodes, without it vanishes."""
    app = opened(preset="vanishes")
    app.session_state["lab_depths"] = [56]
    app = measured(app.run())
    key = ("gradients", GradientConfig(depths=(56,), norm=Norm.NONE,
                                       initialisation=Initialisation.DEFAULT))  # fmt: skip
    records = measurements().find(key).poll().records
    plain = next(m for m in records if m.spec.kind is Kind.PLAIN)
    assert plain.convolutions()[0].activation_gradient_norm < 1e-20
    assert "grows" not in words(app) or "shrinks" in words(app)


def test_chinese_page_has_no_key_left():
    app = measured(opened(lang="zh"))
    assert app.header[0].value == "梯度"
    assert "gradient_lab." not in words(app)


def test_steps_can_be_walked_through():
    app = opened()
    app.session_state["lab_steps"] = 5
    app = measured(app.run())
    app = app.select_slider(key="lab_step").set_value(3).run()
    assert not app.exception
    assert plot(app)["data"]


def test_nothing_chosen_is_said():
    app = opened()
    app.session_state["lab_kinds"] = []
    app = app.run()
    assert not app.exception
    assert Text("en")("gradient_lab.empty") in words(app)


def test_too_deep_for_memory_is_one_sentence(monkeypatch):
    monkeypatch.setattr("resnet_viz.experiments.measures.memory.free_memory", lambda: 1e6)
    app = opened()
    app.session_state["lab_depths"] = [14]
    app = measured(app.run())
    assert not app.exception
    assert "GB" in app.warning[0].value


@pytest.mark.parametrize("preset", ["no-such", "x" * 10_000, "<script>"])
def test_hostile_address_changes_nothing(preset):
    app = measured(opened(preset=preset))
    assert not app.exception


@pytest.mark.parametrize("order", ["post", "pre"])
def test_formulas_are_checked(order):
    app = formulas(formula_order_post=order)
    assert len(app.table) == 1
    assert len(app.dataframe) == 1
    exact = Text("en")("formulas.telescope_exact", error="").split(".")[0]
    assert (exact in words(app)) == (order == "pre")


@pytest.mark.skipif("resnet20" not in bundled_names(), reason="no bundled twins")
def test_one_pixel_of_a_trained_network_is_written_out():
    app = formulas(formula_network="trained:resnet20")
    assert Text("en")("formulas.pixel_exact") in words(app)
    before = [element.value for element in app.latex]
    app.number_input(key="formula_row").set_value(0)
    app.number_input(key="formula_column").set_value(0).run()
    assert not app.exception
    after = [element.value for element in app.latex]
    assert before[:3] == after[:3]  # the claims
    assert before[3] != after[3]  # the numbers
    assert "F(x) + x" in after[3]
    app = app.selectbox(key="formula_block").set_value("layer2.0").run()
    assert Text("en")("formulas.pixel_shape") in words(app)


def formulas(**state):
    app = AppTest.from_function(_formulas, kwargs={"state": state}, default_timeout=TIMEOUT).run()
    assert not app.exception
    return app


def _formulas(state):
    import streamlit as st

    from resnet_viz.core.text import Text
    from resnet_viz.ui.gradients.formulas_panel import show_formulas

    for key, value in state.items():
        st.session_state.setdefault(key, value)
    show_formulas(Text("en"))


def test_a_recorded_training_can_be_walked_through(tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_VIZ_HOME", str(tmp_path))
    app = AppTest.from_function(_trainings, default_timeout=TIMEOUT).run()
    assert not app.exception
    first = plot(app)["data"][0]["y"]
    slider = next(s for s in app.select_slider if s.key.startswith("lab_training_step"))
    app = slider.set_value(10).run()
    assert not app.exception
    assert plot(app)["data"][0]["y"] != first
    assert "step 10" in words(app)


def _trainings():
    from resnet_viz.core.text import Text
    from resnet_viz.ui.gradients.trainings_panel import show_trainings

    show_trainings(Text("en"))
