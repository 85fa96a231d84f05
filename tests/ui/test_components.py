"""The app's own components: a wrapper in Python with a script and a style."""

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.core.glossary import Term
from resnet_viz.ui.frame.components import (
    block_stage,
    clickable_picture,
    drawing,
    glossary_marks,
    presenter_keys,
    stage,
)
from tests.source import ROOT

FOLDER = ROOT / "resnet_viz" / "ui" / "frame" / "components"
NAMES = (
    "clickable_picture", "block_stage", "drawing", "glossary_marks", "stage", "presenter_keys",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_component_has_its_wrapper_its_script_and_its_style(name):
    assert {path.suffix for path in FOLDER.glob(f"{name}.*")} == {".py", ".js", ".css"}


def test_there_are_no_other_scripts_and_no_script_in_python():
    assert {path.stem for path in FOLDER.glob("*.[jc]*s")} == set(NAMES)
    pages = [*(ROOT / "resnet_viz" / "ui").rglob("*.py")]
    assert not [path for path in pages if "export default" in path.read_text("utf-8")]


def test_all_scripts_and_styles_together_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.[jc]*s")) < 40_000


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.css")), ids=lambda path: path.stem)
def test_whatever_moves_stands_still_for_who_prefers_it(path):
    style = path.read_text("utf-8")
    assert "animation:" not in style or "@media (prefers-reduced-motion: reduce)" in style


def _components():
    point = clickable_picture.Point(0.5, 0.5)
    clickable_picture.picture("data:,", alt="a", key="a", on_pick=print, at=point, step=point)
    block_stage.block_stage("<svg/>", "<p/>", [{}], label="d", key="d")
    drawing.drawing("<p/>", key="g", on_pick=print)
    terms = [Term("block", ("block",), "Some layers.")]
    glossary_marks.glossary_marks(terms, spaced=True, cookie="", key="e")
    stage.stage({"store": "x"}, {"of": "x"}, key="stage", on_pick=print)
    presenter_keys.presenter_keys(key="keys", on_key=print)


def _script():
    from tests.ui.test_components import _components

    _components()


def test_each_component_is_registered_and_shown():
    app = AppTest.from_function(_script, default_timeout=60).run()
    assert not app.exception
    shown = [element.proto.component_name for element in app.get("bidi_component")]
    assert list(dict.fromkeys(shown)) == [f"resnet_viz_{name}" for name in NAMES]
