"""The overlay that is written to disk: colour monotone in the value, over all 256 levels."""

import io

import numpy as np
import pytest
from PIL import Image

from resnet_viz.figures import explanation_plots as drawing
from resnet_viz.figures.palettes import ColourRange, Palette
from resnet_viz.records import Role, WeightSource
from resnet_viz.records.explained_picture import ExplainedPicture, Origin
from resnet_viz.records.explanation import Explanation
from resnet_viz.report.explanation_files import write_explanation
from resnet_viz.spec import NetworkSpec
from tests.figures.test_palettes import lightness

LEVELS = 256


def ramp(*, signed):
    """A map that takes every level once, from left to right, over a grey photograph."""
    low = -1.0 if signed else 0.0
    values = np.repeat(np.linspace(low, 1, LEVELS, dtype=np.float32)[None], LEVELS, axis=0)
    made = Explanation(
        network="n", method="m", options={}, layer=None, target=0, against=None, signed=signed,
        map=values, attributions=None, logits=np.zeros(2, np.float32),
        input_size=(LEVELS, LEVELS), blank=None, completeness=None,
    )  # fmt: skip
    grey = np.full((LEVELS, LEVELS, 3), 128, np.uint8)
    origin = Origin(NetworkSpec(depths=(1,), widths=(1,)), WeightSource.RANDOM, "random", 0, None)
    return ExplainedPicture(Role.FIRST, "p", "d", origin, ("a", "b"), grey, grey, made, ())


def saved(picture, folder):
    write_explanation(picture, folder)
    with Image.open(io.BytesIO((folder / "overlay.png").read_bytes())) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels == pixels[:1]).all()  # rows are equal
    return pixels[0]


def monotone(light):
    """Never down by more than the rounding of two colours, and up over every eight levels."""
    return (np.diff(light) >= -0.012).all() and (light[8:] > light[:-8]).all()


@pytest.mark.parametrize("palette", [p for p in Palette if p is not Palette.DIVERGING])
def test_a_saved_overlay_is_lighter_the_higher_the_value(palette, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "map_palette", lambda explanation: palette)
    row = saved(ramp(signed=False), tmp_path / "out")
    assert monotone(lightness(row))
    assert len(np.unique(row, axis=0)) > 130  # of 256 at the overlay's opacity


def test_a_saved_signed_overlay_is_lightest_at_zero_and_darkens_both_ways(tmp_path):
    light = lightness(saved(ramp(signed=True), tmp_path / "out"))
    assert monotone(light[:128])
    assert monotone(light[:127:-1])
    assert ColourRange(-1, 1).low == -drawing.map_range([ramp(signed=True).explanation]).high
