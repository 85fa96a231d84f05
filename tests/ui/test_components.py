"""The app's own components: a wrapper in Python with a script and a style."""

import pytest
from streamlit.testing.v1 import AppTest

from resnet_viz.core.glossary import Term
from resnet_viz.ui.frame.components import (
    block_stage,
    clickable_picture,
    clickable_strip,
    glossary_marks,
    live_overlay,
)
from tests.source import ROOT

FOLDER = ROOT / "resnet_viz" / "ui" / "frame" / "components"
NAMES = ("clickable_picture", "clickable_strip", "live_overlay", "block_stage", "glossary_marks")


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


def test_strip_and_overlay_agree_on_the_event_between_them():
    for name in ("clickable_strip", "live_overlay"):
        script = (FOLDER / f"{name}.js").read_text("utf-8")
        assert '"resnet-viz-state"' in script
        assert "window.resnetVizState" in script


def _components():
    point = clickable_picture.Point(0.5, 0.5)
    clickable_picture.picture("data:,", alt="a", key="a", on_pick=print, at=point, step=point)
    clickable_strip.strip("<svg/>", layers=["x"], selected="x", opacity=0.5, own=False, label="b",
                          key="b", on_pick=print)  # fmt: skip
    live_overlay.overlay({}, "data:,", side=8, alt="c", key="c")
    block_stage.block_stage("<svg/>", "<p/>", [{}], label="d", key="d")
    terms = [Term("block", ("block",), "Some layers.")]
    glossary_marks.glossary_marks(terms, spaced=True, cookie="", key="e")


def _script():
    from tests.ui.test_components import _components

    _components()


def test_each_component_is_registered_and_shown():
    app = AppTest.from_function(_script, default_timeout=60).run()
    assert not app.exception
    shown = [element.proto.component_name for element in app.get("bidi_component")]
    assert shown == [f"resnet_viz_{name}" for name in NAMES]
