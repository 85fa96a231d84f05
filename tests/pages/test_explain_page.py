"""The Explain page without a browser."""

import re
import zipfile

import pytest

from resnet_viz.checkpoints.ref import NetworkRef
from resnet_viz.checkpoints.sources.bundled_files import bundled_names
from resnet_viz.core.places import ASSETS
from resnet_viz.explain.explain_picture import ExplainRequest
from resnet_viz.explain.many.job import ManyConfig
from resnet_viz.explain.many.picture_sources import PictureSource
from resnet_viz.explain.method_names import MethodName
from resnet_viz.jobs.queue.foreground import begin_here, go_on_here
from resnet_viz.ui.explain import wall_panel
from tests.explain.refusing import lrp_without_additions
from tests.pages import opening
from tests.pages.opening import measured, words

PAGE = "pages/2_Explain.py"


@pytest.fixture(autouse=True)
def bundled_twins():
    if not {"resnet20", "plain20"} <= set(bundled_names()):
        pytest.skip("no bundled twins in assets/checkpoints")


@pytest.fixture
def few(monkeypatch):
    """A wall of three methods."""
    methods = (MethodName.GRAD_CAM, MethodName.LRP, MethodName.SALIENCY)
    monkeypatch.setattr(wall_panel, "quick_methods", lambda: methods)


def opened(**query):
    return opening.opened(PAGE, **query)


def drawn(app, place=0):
    """A drawing's HTML, by its place on the page."""
    import json

    shown = [e.proto for e in app.get("bidi_component")
             if e.proto.component_name == "resnet_viz_drawing"]  # fmt: skip
    return json.loads(shown[place].json)["html"]


def test_the_wall_fills_in_what_is_cheap_and_says_how_long_the_rest_takes(few, monkeypatch):
    lrp_without_additions(monkeypatch)
    app = measured(opened(sort="insertion"))
    assert not app.exception
    html = drawn(app)
    assert html.count('class="tile"') == 2 * 25
    assert html.count("<img") == 5  # three methods, of which one refuses what has additions
    assert html.count("does not fit") == 1
    assert "LRP has no rule" in html  # why, under the pointer
    assert re.search(r"≈ \d+ s", html)
    assert html.count("<i>") == 5  # their scores
    assert "ResNet-20, 89%, 16 epochs: cat" in html
    assert "insertion" in words(app)
    assert "blurred photo" in words(app)
    assert any("the other 22 too" in button.label for button in app.button)
    assert app.query_params["sort"] == "insertion"


def test_one_method_is_large_with_its_film_channels_and_code():
    app = opened(method="deep-lift", sample="automobile")
    assert not app.exception
    shown = words(app)
    assert "Why automobile?" in shown
    assert "Sum of all attributions" in shown
    assert "the mean colour of the training set" in shown
    film, channels = drawn(app, 0), drawn(app, 1)
    assert film.count("<polyline") == 4
    assert channels.count("<section") == 8
    assert channels.count('class="tile"') == 8 * 7
    assert r"these 4 of 64 channels carry" in shown
    code = "\n".join(element.value for element in app.code)
    assert "first = NetworkRef.parse('resnet20:bundled')\npair = load_two(first)" in code
    assert [n.key for n in app.number_input if n.key.startswith("option_")] == [
        "option_deep-lift_smooth_samples",
        "option_deep-lift_smooth_deviation",
    ]
    app.session_state["scores_open"] = True
    app.run()
    assert len(app.dataframe[0].value) == 10
    app.session_state["lang"] = "zh"
    app.button(key="back_to_wall").click().run()
    assert not app.exception
    assert "explain." not in words(app)
    assert "method" not in app.query_params
    assert "一张照片" in words(app)


def test_a_method_that_does_not_fit_is_one_sentence_and_the_bar_stays(monkeypatch):
    lrp_without_additions(monkeypatch)
    app = opened(method="lrp")
    assert not app.exception
    assert len(app.warning) == 1
    assert "LRP has no rule" in app.warning[0].value
    app.selectbox(key="method").set_value("saliency").run()
    assert not app.warning
    assert not app.exception


def test_the_last_block_stays_the_last_and_a_layer_of_ones_own_the_same_place(few):
    app = opened()
    assert app.selectbox(key="layer").value == "layer3.2"
    app.selectbox(key="network").set_value("resnet56").run()
    assert app.selectbox(key="layer").value == "layer3.8"
    app.selectbox(key="layer").set_value("layer2.4").run()
    app.selectbox(key="network").set_value("resnet20").run()
    assert not app.exception
    assert app.selectbox(key="layer").value == "layer2.1"
    assert app.query_params["layer"] == "layer2.1"


def test_two_networks_that_are_no_twins_each_have_their_layer():
    app = opened(layer="layer2.1", beside="resnet56", method="hires-cam")
    assert not app.exception
    beside = next(
        box for box in app.selectbox if (box.key or "").startswith("explain_layer_beside")
    )
    assert beside.value == "layer2.4"  # as far on its way as layer2.1 of resnet20
    blocks = drawn(app, 1)
    assert blocks.count('class="tile"') == 9 + 27
    assert blocks.count('data-pick="layer3.2"') == 3  # itself, and two of the 27 blocks
    code = "\n".join(element.value for element in app.code)
    assert "second = NetworkRef.parse('resnet56:bundled')\npair = load_two(first, second)" in code
    assert "layers = Pair('layer2.1', 'layer2.4')" in code
    beside.set_value("layer1.0").run()
    assert "layers = Pair('layer2.1', 'layer1.0')" in "\n".join(e.value for e in app.code)


def test_fused_layers_are_named():
    app = opened(fuse="mean", sample="automobile", method="grad-cam")
    assert not app.exception
    assert r"the mean over layer1\.2, layer2\.2, layer3\.2" in words(app)


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
    app = opened(method="grad-cam")
    app.session_state["gallery_open"] = True
    app.run()
    assert not app.exception
    pictures, means = (frame.value for frame in app.dataframe[-2:])
    assert list(pictures["ResNet-20, right or wrong"]) == ["right"]
    assert list(means["network"]) == ["ResNet-20", "plain-20"]
    assert "Skipped because they cannot be read: 1" in words(app)
    app.button(key="gallery_delete").click().run()
    assert "Nothing has been explained here yet" in words(app)


def test_nonsense_in_the_address_is_ignored(few):
    app = opened(method="<b>", layer="layer9.9", against="nobody", sort="!")
    assert not app.exception
    assert not app.warning
