"""The Explain page without a browser."""

import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.places import ASSETS
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.explain.many.picture_sources import PictureSource
from resnet_viz.explain.method_names import MethodName
from resnet_viz.jobs.queue.foreground import begin_here, go_on_here
from tests.explain.refusing import lrp_without_additions
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
    assert "first = NetworkRef.parse('resnet20:bundled')\npair = load_two(first)" in code
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


def test_a_method_that_does_not_fit_is_one_sentence_and_the_form_stays(monkeypatch):
    lrp_without_additions(monkeypatch)
    app = opened(method="lrp")
    assert not app.exception
    assert len(app.warning) == 1
    assert "LRP has no rule" in app.warning[0].value
    app.selectbox(key="method").set_value("saliency").run()
    assert not app.warning
    assert not app.exception


def test_the_table_measures_the_chosen_methods(monkeypatch):
    lrp_without_additions(monkeypatch)
    app = opened()
    app.session_state["table_open"] = True
    app.session_state["table_methods"] = ["grad-cam", "lrp"]
    app.session_state["table_running"] = True
    app.run()
    assert not app.exception
    table = app.dataframe[1].value
    assert list(table["method"]) == ["Grad-CAM", "Grad-CAM", "Layer-wise relevance propagation"]
    assert "ResNet\\-20" in app.warning[0].value
    app.button(key="table_start").click().run()
    assert not app.exception
    assert len(app.dataframe[1].value) == 3  # a stop takes nothing away
    app.multiselect(key="table_methods").set_value(["lrp"]).run()
    assert len(app.dataframe[1].value) == 1


def test_two_networks_that_are_no_twins_each_have_their_layer():
    app = opened(explain_layer="layer2.1")
    app.session_state["measure"] = False
    app.selectbox(key="beside").set_value("resnet56").run()
    assert not app.exception
    beside = next(
        box for box in app.selectbox if (box.key or "").startswith("explain_layer_beside")
    )
    assert beside.value == "layer2.4"  # as far on its way as layer2.1 of resnet20
    assert "ResNet\\-56" in words(app)
    code = "\n".join(element.value for element in app.code)
    assert "second = NetworkRef.parse('resnet56:bundled')\npair = load_two(first, second)" in code
    assert "layers = Pair('layer2.1', 'layer2.4')" in code
    beside.set_value("layer1.0").run()
    assert "layers = Pair('layer2.1', 'layer1.0')" in "\n".join(e.value for e in app.code)


def test_fused_layers_and_channels_are_shown():
    app = opened(fuse="mean", sample="automobile")
    app.session_state["measure"] = False
    app.session_state["channels_open"] = True
    app.run()
    assert not app.exception
    shown = words(app)
    assert r"the mean over layer1\.2, layer2\.2, layer3\.2" in shown
    assert "decomposed: these 8 of 64 channels carry" in shown
    assert "No picture has been synthesised for this channel yet" in shown


def test_a_run_over_many_pictures_is_a_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        content = (ASSETS / "samples" / "automobile.jpg").read_bytes()
        archive.writestr("automobile/one.jpg", content)
        archive.writestr("<b>.txt", b"no picture")
    bundled = NetworkRef.parse("resnet20")
    request = ExplainRequest(MethodName.HIRES_CAM, measures=("deletion",))
    config = ManyConfig(
        source=PictureSource(str(tmp_path / "pictures.zip")),
        networks=(bundled, bundled.twin()),
        titles=("ResNet-20", "plain-20"),
        requests=((request,), (request,)),
    )
    run_id = begin_here("explain_folder", config, "pictures")
    go_on_here(run_id, lambda *_: None)
    app = opened()
    app.session_state["measure"] = False
    app.session_state["gallery_open"] = True
    app.run()
    assert not app.exception
    pictures, means = (frame.value for frame in app.dataframe[-2:])
    assert list(pictures["ResNet-20, right or wrong"]) == ["right"]
    assert list(means["network"]) == ["ResNet-20", "plain-20"]
    assert "Skipped because they cannot be read: 1" in words(app)
    app.button(key="gallery_delete").click().run()
    assert "Nothing has been explained here yet" in words(app)


def test_nonsense_in_the_address_is_ignored():
    app = opened(method="<b>", explain_layer="layer9.9", against="nobody")
    assert not app.exception
    assert not app.warning
