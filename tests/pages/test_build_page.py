"""The Build page without a browser: presets, edits, wrong input, uploads, exports and links."""

import json
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz import NetworkSpec
from resnet_viz.core.errors import DownloadError
from resnet_viz.networks.export.spec_file import spec_to_json
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.probe.backbone_features import look_at_work
from resnet_viz.spec import RESIDUAL_PRESETS
from resnet_viz.ui.build import backbone_view as build_work
from resnet_viz.ui.build.start_cards import FAMILIES
from resnet_viz.ui.running import downloading
from tests.networks.specs import DESIGNS
from tests.networks.test_spec_file import HOSTILE
from tests.source import ROOT

TIMEOUT = 120  # seconds; a cold start imports torch


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page("pages/1_Build.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    shown = [*app.header, *app.markdown, *app.caption, *app.warning, *app.error, *app.info]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def graph(app):
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def arcs(app):
    """The dashes of the shortcuts that are drawn."""
    return [s["line"]["dash"] for s in graph(app)["layout"]["shapes"] if s["type"] == "path"]


def boxes(app):
    texts = [a["text"] for a in graph(app)["layout"]["annotations"]]
    return [t.split("<br>")[0] for t in texts if "<br>" in t]


@pytest.fixture(scope="module")
def build_page():
    return opened()


def choose(app, name):
    if app.session_state["preset"] == name:
        return app
    app.session_state["design_family"] = next(f for f, names in FAMILIES.items() if name in names)
    app.run()
    return app.button(key=f"card_{name}").click().run()


def test_page_shows_a_network_and_its_twin_without_a_click():
    app = opened()
    assert not app.exception
    assert "ResNet-20: 20 weighted layers, 269,722 parameters" in words(app)
    assert "cost nothing" in words(app)
    assert arcs(app) == [*["solid"] * 3, "dot", *["solid"] * 2, "dot", *["solid"] * 2]
    assert "each has its own shortcut" in words(app)
    options = [button for button in app.button if button.key.startswith("option_")]
    assert [button.disabled for button in options] == [True, False, False]
    assert "2,752 parameters" in words(app)  # of options B
    assert boxes(app)[:4] == ["stem", "layer1.0–2  ×3", "layer2.0", "layer2.1–2  ×2"]
    assert len(boxes(app)) == 14
    assert "design." not in words(app)


@pytest.mark.parametrize(
    "name", ["resnet1202", "preact-resnet18", "wrn-28-10", "resnext101_64x4d", "resnet152"]
)
def test_a_preset_is_drawn_small(name, build_page):
    app = choose(build_page, name)
    assert not app.exception
    assert not app.warning
    assert f"{RESIDUAL_PRESETS[name].parameters:,} parameters" in words(app)
    assert len(boxes(app)) <= 24
    in_address = app.query_params.get("preset", "resnet20")
    assert (in_address if isinstance(in_address, str) else in_address[0]) == name


def test_every_network_has_one_card():
    names = [name for family in FAMILIES.values() for name in family]
    assert sorted(names) == sorted([*RESIDUAL_PRESETS, *ZOO, *AT_WORK])


def test_cards_tell_what_is_special_and_three_numbers_what_changed():
    app = opened()
    cards = {b.label: b.help for b in app.button if b.key.startswith("card_")}
    assert len(cards) == 6
    assert "0.27 M" in cards["ResNet\\-20"]
    assert "ends above 60 % error" in cards["ResNet\\-110"]
    assert "blue-background" not in words(app)
    app.button(key="card_resnet56").click().run()
    assert not app.exception
    assert "ResNet-56: 56 weighted layers" in words(app)
    assert "Parameters **0.853 M** :blue-background[+0.583 M]" in words(app)
    app.button(key="option_projection").click().run()
    assert "dash" in arcs(app)


def test_a_network_of_the_catalog_is_opened_to_read(build_page):
    app = choose(build_page, "alexnet")
    assert not app.exception
    assert "AlexNet: 8 weighted layers, 61,100,840 parameters" in words(app)
    assert "No arc" in words(app)
    assert arcs(app)[0] == "solid"  # of the ResNet beside it
    assert app.dataframe[0].value["parameters"].sum() == 61_100_840
    assert not app.text_input
    app.button(key="back_to_design").click().run()
    assert not app.exception
    assert app.text_input(key="design_depths").value


def test_a_network_at_work_shows_its_stages(build_page, monkeypatch):
    monkeypatch.setattr(build_work, "look_at_work", partial(look_at_work, size=32))
    app = choose(build_page, "r3d_18")
    assert not app.exception
    assert "16 frames of 32 × 32 px" in words(app)
    assert app.get("bidi_component")
    assert list(app.dataframe[0].value["stage"]) == [
        "stem", "layer1", "layer2", "layer3", "layer4"
    ]  # fmt: skip
    app.segmented_control(key="work_stage").set_value("layer4").run()
    assert "64 of 512 channels" in words(app)
    monkeypatch.setattr(downloading, "fetch_pretrained", offline)
    app.segmented_control(key="work_weights").set_value("pretrained").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "could not be downloaded" in words(app)
    app.segmented_control(key="work_weights").set_value("random").run()
    assert not app.error


def offline(name):
    raise DownloadError("download_offline", name=name, folder="f", url="u")


def test_an_edit_makes_it_your_own(build_page):
    app = choose(build_page, "resnet50")
    assert "dash" in arcs(app)
    app.text_input(key="design_depths").set_value("3,4,9, 3").run()
    assert not app.exception
    assert app.session_state["preset"] == "own"
    assert "layer3.1–8  ×8" in boxes(app)
    app.selectbox(key="design_shortcut").set_value("none").run()
    assert not app.exception
    assert "A plain network" in words(app)
    app.text_input(key="design_depths").set_value("3, 4, 6, 3").run()
    app.selectbox(key="design_shortcut").set_value("projection").run()
    assert app.session_state["preset"] == "resnet50"


WRONG = {
    "design_depths": ("3, x", "depths was"),
    "design_widths": ("16, 32", "3 depths and 2 widths"),
    "design_groups": (4, "basic block has no groups"),
    "design_classes": (-1, "classes was -1"),
    "design_shortcut_scale": (1.5, "from 0 to 1"),
    "design_branch_scale": (99.0, "from 0 to 10"),
    "design_input_size": (10**9, "input_size was 1000000000"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_field_is_one_sentence_and_the_drawing_stays(field, build_page):
    value, wanted = WRONG[field]
    app = choose(build_page, "resnet20")
    kind = "text_input" if isinstance(value, str) else "number_input"
    before = getattr(app, kind)(key=field).value
    getattr(app, kind)(key=field).set_value(value).run()
    assert not app.exception
    assert len(app.warning) == 1
    assert wanted in words(app)
    if field in ("design_depths", "design_widths"):
        assert "Up to here it can be built: layer" in words(app)
        assert boxes(app)[-1].startswith("layer")
    else:
        assert "ResNet-20" in words(app)
        assert boxes(app)[-1] == "head"
    getattr(app, kind)(key=field).set_value(before).run()
    assert not app.warning


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("design_fixup", "Fixup replaces"), ("design_zero_last_gamma", "zero_last_gamma needs")],
)
def test_fields_that_exclude_each_other_say_so(field, wanted, build_page):
    app = choose(build_page, "resnet164")
    app.toggle(key=field).set_value(True).run()
    assert len(app.warning) == 1
    assert wanted in words(app)
    app.toggle(key=field).set_value(False).run()
    assert not app.warning


def test_a_spec_from_a_file_fills_the_form(build_page):
    spec = DESIGNS["resnext"]
    data = spec_to_json(spec).encode()
    app = build_page.file_uploader(key="design_upload").set_value(
        ("mine.json", data, "application/json")
    )
    app = app.run()
    assert not app.exception
    assert not app.warning
    assert app.number_input(key="design_groups").value == 4
    assert app.text_input(key="design_widths").value == "8, 16"


@pytest.mark.parametrize("kind", ["nested 60 kB", "huge depth", "unknown key", "terabytes"])
def test_a_hostile_file_is_one_sentence_and_nothing_changes(kind):
    app = opened()
    app.file_uploader(key="design_upload").set_value(
        ("<b>x</b>.json", HOSTILE[kind], "application/json")
    )
    app.run()
    assert not app.exception
    assert len(app.warning) == 1
    assert app.session_state["preset"] == "resnet20"


def test_looking_inside_a_block_and_at_a_layer(build_page):
    app = choose(build_page, "wrn-40-4")
    app.selectbox(key="design_inside").set_value("layer2.0").run()
    app.selectbox(key="design_layer").set_value("layer2.0.downsample.0").run()
    assert not app.exception
    assert "layer2.0.downsample.0 (Conv2d)" in words(app)
    choose(app, "resnet20")
    assert not app.exception


def test_the_table_has_every_layer(build_page):
    app = choose(build_page, "resnet20")
    frame = app.dataframe[0].value
    assert frame["parameters"].sum() == 269_722
    assert list(frame["layer"])[:2] == ["conv1", "bn1"]
    assert frame["sees at most, px"].max() > frame["sees at least, px"].max()


def test_deep_link_and_chinese():
    app = opened(preset="resnext50_32x4d", lang="zh")
    assert not app.exception
    assert "张图片" in words(app)
    assert app.session_state["preset"] == "resnext50_32x4d"


@pytest.mark.parametrize("value", ["resnet9999", "own", "x" * 100_000])
def test_hostile_address_changes_nothing(value):
    app = opened(preset=value)
    assert not app.exception
    assert app.session_state["preset"] == "resnet20"


def test_design_survives_a_visit_to_another_page():
    app = opened()
    app.text_input(key="design_depths").set_value("1, 2, 3").run()
    app.switch_page("app.py").run()
    app.switch_page("pages/1_Build.py").run()
    assert not app.exception
    assert app.text_input(key="design_depths").value == "1, 2, 3"


def test_preset_names_are_those_of_the_library():
    assert NetworkSpec.preset("wrn-28-10").name == "wrn-28-10"
