"""The Gradients page without a browser: it measures at once, and every control changes the plot."""

import json
import threading
from dataclasses import fields

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.gradient_growth import GradientConfig, gradient_measurements
from resnet_viz.jobs.threads import ThreadEngine
from resnet_viz.records import BlockFormula, Claim
from resnet_viz.spec import Initialisation, Kind, Norm
from resnet_viz.ui.frame.engines import measurements
from resnet_viz.ui.gradients import form, laboratory
from resnet_viz.ui.gradients.claims_panel import Verdict
from resnet_viz.ui.gradients.form import PRESETS
from tests.pages import opening
from tests.pages.opening import TIMEOUT, measured, words


def opened(**query):
    return opening.opened("pages/3_Gradients.py", **query)


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """Presets of the shallowest network, which takes no time."""
    presets = {n: {k: v for k, v in own.items() if k != "depths"} for n, own in PRESETS.items()}
    monkeypatch.setattr(form, "PRESETS", presets)
    monkeypatch.setattr(form, "_START", {**form._START, "depths": [8]})


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


def test_healthy_is_drawn_beside_the_faint_plain_network_on_the_same_axis():
    lines = {
        t["name"]: t.get("opacity", 1) for t in plot(measured(opened(preset="healthy")))["data"]
    }
    assert lines["plain-8"] < 0.5
    assert lines["ResNet-8"] == 1


def test_a_signal_that_blows_up_is_told_towards_the_output():
    app = measured(opened(preset="blows_up"))
    assert "towards the input" not in words(app)
    assert "to output" in words(app) or "towards the output" in words(app)
    assert Text("en")("gradient_lab.growth") not in words(app)


def test_a_preset_keeps_its_settings_while_its_result_is_late(monkeypatch):
    go, engine = threading.Event(), ThreadEngine("slow", threads=1)

    def late(config):
        assert go.wait(TIMEOUT)
        yield from gradient_measurements(config)

    monkeypatch.setattr(laboratory, "gradient_measurements", late)
    monkeypatch.setattr(laboratory, "measurements", lambda: engine)
    app = opened()
    for name in ("vanishes", "blows_up"):
        go.clear()
        app = app.button(key=f"preset_{name}").click().run().run()
        assert not app.get("plotly_chart")
        go.set()
        for running in engine.running():
            assert running.wait(TIMEOUT)
        app = app.run()
        asked = {**form._START, **form.PRESETS[name]}
        assert {setting: app.session_state[f"lab_{setting}"] for setting in asked} == asked
        axis = plot(app)["layout"]["yaxis"]["title"]["text"]
        assert axis == Text("en")(f"gradient_lab.axis_{PRESETS[name]['quantity']}")


def test_settings_are_there_again_after_another_page():
    app = measured(opened(preset="vanishes"))
    app = app.slider(key="lab_seeds").set_value(2).run()
    app.button_group(key="lab_quantity").set_value("relative").run()
    app = app.switch_page("pages/1_Build.py").run().switch_page("pages/3_Gradients.py").run()
    assert not app.exception
    assert not app.info
    kept = {name: app.session_state[f"lab_{name}"] for name in ("depths", "seeds", "norm")}
    assert kept == {"depths": [8], "seeds": 2, "norm": "none"}
    assert app.session_state["lab_quantity"] == "relative"


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
    assert len(app.table) == 2  # four paths, and what shortcuts cost
    assert len(app.dataframe) == 1
    exact = Text("en")("formulas.telescope_exact", error="").split(".")[0]
    assert (exact in words(app)) == (order == "pre")


def test_every_formula_has_a_verdict_and_no_head_is_a_python_name():
    app = formulas(formula_network="resnet20")
    verdicts = [Text("en")(f"formulas.verdict_{verdict}") for verdict in Verdict]
    said = [badge for badge in app.markdown if any(f"[{v}]" in badge.value for v in verdicts)]
    assert len(said) == 4 + len(Claim)  # and the sum, the sum over blocks, bottleneck and head
    assert set(app.dataframe[0].value.columns) == {
        Text("en")(f"formulas.column_{field.name}") for field in fields(BlockFormula)
    }


@pytest.mark.skipif("resnet20" not in bundled_names(), reason="no bundled twins")
def test_one_pixel_of_a_trained_network_is_written_out():
    app = formulas(formula_network="trained:resnet20")
    assert Text("en")("formulas.pixel_exact") in words(app)
    assert Text("en")("formulas.pixel_telling") in words(app)
    assert "ReLU set a negative sum to 0 in layer1" in words(app)
    before = [element.value for element in app.latex]
    written = next(i for i, value in enumerate(before) if "F(x) + x = " in value)
    app.number_input(key="formula_row").set_value(0)
    app.number_input(key="formula_column").set_value(0).run()
    assert not app.exception
    after = [element.value for element in app.latex]
    assert before[:written] == after[:written]  # the claims
    assert before[written] != after[written]  # the numbers
    app = app.selectbox(key="formula_block").set_value("layer2.0").run()
    assert Text("en")("formulas.pixel_shape") in words(app)
    assert Text("en")("formulas.pixel_telling") in words(app)  # that of this block


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
    assert "10 steps" in words(app)


def _trainings():
    from resnet_viz.core.text import Text
    from resnet_viz.ui.gradients.trainings_panel import show_trainings

    show_trainings(Text("en"))


def test_preset_and_tab_are_in_the_address_and_survive_another_page():
    app = opened(preset="vanishes")
    assert "".join(app.query_params["preset"]) == "vanishes"
    app.session_state["lab_tab_title"] = Text("en")("gradient_lab.tab_formulas")
    app.run()
    app.switch_page("pages/6_Debug.py").run()
    app.switch_page("pages/3_Gradients.py").run()
    assert not app.exception
    assert "".join(app.query_params["lab_tab"]) == "formulas"
    assert app.session_state["lab_preset"] == "vanishes"
