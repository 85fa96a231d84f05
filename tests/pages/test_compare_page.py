"""The Compare page without a browser: it starts, shows results, and handles any input."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.sources.bundled_files import bundled_footing, bundled_names
from resnet_viz.core.text import Text
from resnet_viz.ui.frame.session import SEEN
from tests.pictures.hostile_images import REFUSED
from tests.pictures.hostile_names import NAMES
from tests.source import ROOT

TABS = ("features", "gradients", "predictions", "seen", "code")
TIMEOUT = 120  # seconds; a cold start imports torch


@pytest.fixture(autouse=True)
def bundled_twins():
    if not {"resnet20", "plain20"} <= set(bundled_names()):
        pytest.skip("no bundled twins in assets/checkpoints")


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.session_state[SEEN.name] = True
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return app


def words(app):
    shown = [*app.header, *app.markdown, *app.caption, *app.warning, *app.error, *app.info]
    return "\n".join(str(element.value) for element in shown)


def jpeg(width=120, height=80):
    gradient = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    out = io.BytesIO()
    Image.fromarray(gradient.astype(np.uint8)).save(out, "JPEG")
    return out.getvalue()


def upload(app, name, data):
    app.file_uploader(key="upload").set_value((name, data, "image/jpeg"))
    return app.run()


def test_page_shows_both_trained_twins_without_a_click():
    app = opened()
    assert not app.exception
    assert "ResNet\\-20, trained on CIFAR\\-10" in words(app)
    assert "plain\\-20, trained on CIFAR\\-10" in words(app)
    assert app.get("bidi_component")
    assert not app.warning


def test_page_has_no_text_left_in_place_of_a_key():
    assert "compare." not in words(opened())


def test_deep_link_opens_the_same_choice():
    app = opened(network="resnet56", weights="random", layer="layer2.3", lang="zh")
    assert not app.exception
    assert app.selectbox(key="network").value == "resnet56"
    assert app.session_state["layer"] == "layer2.3"
    assert app.get("tab")[0].label == "特征图"


@pytest.mark.parametrize(
    "query",
    [
        {"network": "resnet9999"},
        {"layer": "layer9.9"},
        {"target": "x" * 100_000},
        {"lang": "<script>"},
        {"seed": "٣"},
        {"weights": "pickle"},
        {"sample": "../../etc/passwd"},
        {"no_such_key": "1"},
    ],
    ids=lambda query: next(iter(query)),
)
def test_hostile_address_changes_nothing(query):
    app = opened(**query)
    assert not app.exception
    assert app.get("bidi_component")


def test_language_switch_changes_every_word():
    app = opened()
    app.session_state["lang"] = "zh"
    app.run()
    assert not app.exception
    assert "两者不一致" in words(app)


def test_uploaded_picture_is_used():
    app = upload(opened(), "mine.jpg", jpeg())
    assert not app.exception
    assert not app.warning


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_bad_upload_gets_one_sentence_and_the_result_stays(kind, opened_once):
    app = upload(opened_once, f"{kind}.jpg", REFUSED[kind]())
    assert not app.exception
    assert len(app.warning) == 1
    assert app.get("bidi_component")


#: A lone surrogate cannot travel: neither a browser nor protobuf sends it.
SENT = [name for name in NAMES if not any("\ud800" <= c <= "\udfff" for c in name)]


@pytest.mark.parametrize("name", SENT, ids=range(len(SENT)))
def test_hostile_file_name_is_shown_as_letters(name, opened_once):
    app = upload(opened_once, name, jpeg())
    assert not app.exception
    assert "<img" not in words(app).replace("\\<img", "")


@pytest.fixture(scope="module")
def opened_once():
    return opened()


def test_fresh_weights_show_their_seed_and_say_so():
    app = opened(weights="random", seed="7")
    assert "seed 7" in words(app)
    assert "Untrained weights know no classes" in words(app)


def test_depth_without_trained_twins_is_offered_fresh_only():
    app = opened(network="resnet110", weights="bundled")
    assert not app.exception
    assert "untrained, seed 0" in words(app)


def test_pretrained_weights_offline_keep_the_last_result(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    app = opened()
    app.selectbox(key="network").set_value("resnet18").run()
    app.session_state["weights"] = "pretrained"
    app.run()
    assert not app.exception
    assert "could not be downloaded" in app.error[0].value
    assert app.get("bidi_component")
    assert app.session_state["weights"] == "random"  # what the page shows
    assert "untrained, seed 0" in words(app)


def test_trained_weights_come_back_with_a_network_that_has_them():
    app = opened(network="resnet110")
    assert "no opinion yet" in words(app)
    app = app.selectbox(key="network").set_value("resnet20").run()
    assert app.session_state["weights"] == "bundled"
    assert "no opinion" not in words(app)


def test_untrained_weights_that_were_asked_for_stay():
    app = opened()
    app = app.button_group(key="weights").set_value("random").run()
    app = app.selectbox(key="network").set_value("resnet32").run()
    assert app.session_state["weights"] == "random"


def test_networks_say_what_they_reached_and_that_they_were_not_trained_alike():
    reached = bundled_footing("resnet56")
    app = opened(network="resnet56")
    assert f"{reached.accuracy:.0%}, {reached.epochs} epochs" in words(app).replace("\\", "")
    assert "Unequal footing" not in words(app)


@pytest.mark.parametrize("tab", TABS)
def test_every_panel_opens_from_the_address(tab):
    app = opened(tab=tab)
    assert not app.exception
    assert app.session_state["tab_title"] == Text("en")(f"tabs.{tab}")
    assert "".join(app.query_params.get("tab", [])) == ("" if tab == TABS[0] else tab)


def test_a_tab_stays_open_in_another_language(opened_once):
    app = opened_once
    app.session_state["tab_title"] = Text("en")("tabs.gradients")
    app.run()
    app.session_state["lang"] = "zh"
    app.run()
    assert app.session_state["tab_title"] == Text("zh")("tabs.gradients")
    app.session_state["lang"] = "en"
    app.session_state["tab"] = TABS[0]
    app.run()


def test_a_pre_activation_block_is_a_sum_without_an_activation():
    app = opened(network="preact-resnet18", weights="random", layer="layer2.0")
    assert not app.exception
    residual, plain = stage_data(app)["opened"]["sides"]
    assert (residual["formula"], plain["formula"]) == ("F(x) + x", "F(x)")
    assert residual["activation"] == ""
    assert residual["error"] == plain["error"] == 0


def test_the_selection_is_in_the_address_and_means_the_same_place_in_other_networks():
    app = opened(layer="layer1.2", rank="2", pixel="0.5,0.25")
    chosen = stage_data(app)["selected"]
    assert (chosen["layer"], chosen["rank"], chosen["x"], chosen["y"]) == ("layer1.2", 2, 0.5, 0.25)
    app.selectbox(key="network").set_value("resnet56").run()
    assert (
        stage_data(app)["selected"]["layer"] == "layer1.6"
    )  # a quarter of the way: 2 of 8, 6 of 26
    assert "".join(app.query_params["layer"]) == "layer1.6"
    app.session_state["layer"] = "layer3.8"
    app.run().selectbox(key="network").set_value("resnet20").run()
    assert stage_data(app)["selected"]["layer"] == "layer3.2"
    assert "layer" not in app.query_params
    app.selectbox(key="network").set_value("resnet56").run()
    assert stage_data(app)["selected"]["layer"] == "layer3.8"  # the last block stays the last


@pytest.mark.parametrize("pixel", ["1.0,0", "nan,nan", "a,b", "9" * 100_000])
def test_a_pixel_outside_the_picture_is_none(pixel, opened_once):
    app = opened_once
    del app.session_state["pixel"]
    app.query_params["pixel"] = pixel
    app.run()
    assert stage_data(app)["selected"]["x"] is None
    assert "pixel" not in app.query_params


def test_choices_survive_other_pages():
    app = opened(sample="horse", network="resnet56", layer="layer2.0", target="deer")
    app.switch_page("pages/3_Gradients.py").run()
    app.switch_page("app.py").run()
    assert not app.exception
    assert app.selectbox(key="sample").value == "horse"
    assert app.selectbox(key="network").value == "resnet56"
    assert app.selectbox(key="target").value == "deer"
    assert stage_data(app)["selected"]["layer"] == "layer2.0"
    assert "".join(app.query_params["network"]) == "resnet56"


def test_networks_too_deep_for_a_picture_of_each_block_are_not_offered():
    app = opened()
    offered = app.selectbox(key="network").options
    assert not any("1202" in name for name in offered)
    assert any("WRN-28-10" in name for name in offered)


@pytest.mark.parametrize("tab", TABS)
def test_a_second_residual_network_is_nowhere_orange_and_nowhere_plain(tab):
    app = opened(network="resnet56", beside="resnet20", tab=tab)
    assert not app.exception
    page = content(app)
    assert "ResNet-20, trained on CIFAR-10" in page
    assert "#ea580c" not in page
    assert not re.search(r"plain[-\\_]|_plain|\bplain\b", page)


def test_twins_are_blue_and_orange():
    page = content(opened(network="resnet56"))
    assert "#ea580c" in page
    assert "#2563eb" in page
    assert "plain\\\\-56" in page


def stage_data(app):
    """What the stage shows: selection and opened block."""
    sent = (json.loads(one.proto.json) for one in app.get("bidi_component"))
    return next(data for data in sent if "selected" in data)


def content(app):
    """Everything on the page but its title, the glossary, and the sidebar, whose lists name all."""
    shown = [
        element
        for element in leaves(app.main)
        if element.type != "header"
        and getattr(element.proto, "component_name", "") != "resnet_viz_glossary_marks"
    ]
    return "".join(str(element.proto) for element in shown)


def leaves(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from leaves(child)
        else:
            yield child
