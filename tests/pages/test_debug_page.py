"""The Debug page without a browser: what it says of healthy, sick and hostile files."""

import io

import pytest
import torch
from streamlit.testing.v1 import AppTest

from resnet_viz import load_bundled
from resnet_viz.text import sentences
from tests.checkpoints.hostile_files import DAMAGED, PICKLES, SAFETENSORS
from tests.source import ROOT

TIMEOUT = 200  # seconds; a worker imports torch anew
HOSTILE = {name: (PICKLES | DAMAGED | SAFETENSORS)[name]
           for name in ("os.system", "empty", "zip bomb", "overlapping")}  # fmt: skip


def opened(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    app.switch_page("pages/6_Debug.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return app


def words(app):
    shown = [*app.header, *app.subheader, *app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def upload(app, name, data):
    app.file_uploader(key="checkpoint_file").set_value((name, data, "application/octet-stream"))
    return app.run()


@pytest.fixture(scope="module")
def sick_file():
    network = load_bundled("resnet20").network
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    weights["layer2.1.conv2.weight"] *= 3
    out = io.BytesIO()
    torch.save({"state_dict": weights, "epoch": 5}, out)
    return out.getvalue()


def test_the_empty_page_says_what_it_is_for():
    app = opened()
    assert not app.exception
    assert app.info[0].value == sentences("en")["debug.empty"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_bundled_network_is_in_order(language):
    app = opened(checkpoint="resnet20", lang=language)
    assert not app.exception
    assert sentences(language)["diagnosis.healthy"] in app.subheader[0].value.replace("\\", "")
    assert not app.warning


def test_a_sick_upload_is_found_out_and_bad_ones_change_nothing(sick_file):
    app = upload(opened(), "<b>sick</b>.pth", sick_file)
    assert not app.exception
    assert "CIFAR ResNet-20, residual, 10 classes; failures: 1" in words(app)
    assert "layer2.1.bn2" in "".join(e.label for e in app.expander).replace("\\", "")
    assert app.get("plotly_chart")
    for name, data in HOSTILE.items():
        upload(app, f"{name}.pth", data())
        assert not app.exception
        assert len(app.warning) == 1, name
        assert "CIFAR ResNet-20" in app.subheader[0].value.replace("\\", "")


def test_two_checkpoints_stand_side_by_side():
    app = opened(checkpoint="resnet20")
    app.toggle(key="second_on").set_value(True).run()
    app.selectbox(key="second").set_value("plain20").run()
    assert not app.exception
    assert len(app.subheader) == 2
    assert "plain" in app.subheader[1].value
