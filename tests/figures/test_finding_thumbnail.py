"""Thumbnails of findings: every recorded one is drawn, without words."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.recordings import deepest_first
from resnet_viz.experiments.registry import EXPERIMENTS
from resnet_viz.figures.finding_thumbnail import finding_thumbnail
from resnet_viz.pictures.decode import to_png
from resnet_viz.records import Finding, Mark, Panel

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*panels):
    return ElementTree.fromstring(finding_thumbnail(Finding("made", {}, 1.0, panels)))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_recording_has_a_small_picture_inside_its_frame(name):
    words = finding_thumbnail(deepest_first(EXPERIMENTS[name])[0].finding)
    picture = ElementTree.fromstring(words)
    assert len(picture)
    assert not picture.findall(f".//{SVG}text")
    assert len(words) < 60_000
    for points in re.findall(r'points="([^"]*)"', words):
        places = np.array([pair.split(",") for pair in points.split()], float)
        assert places.min() >= 0
        assert (places.max(axis=0) <= (320, 150)).all()


def test_higher_values_are_drawn_higher_and_what_cannot_be_drawn_is_left_out():
    line = curve("plain", [0, 1, 2, 3], [1.0, np.nan, 0.0, 100.0])
    (picture,) = drawn(Panel("line", "x", "y", (line,), log_y=True)).iter(f"{SVG}polyline")
    first, last = (pair.split(",") for pair in picture.get("points").split())
    assert float(first[0]) < float(last[0])
    assert float(first[1]) > float(last[1])


def test_maps_lie_on_their_photograph():
    photo = to_png(np.full((32, 32, 3), 200, np.uint8))
    maps = (matrix("trained", "ab", "ab", np.eye(2)),)
    bare = drawn(Panel("maps", "column", "row", mark=Mark.MAPS, maps=maps))
    over = drawn(Panel("maps", "column", "row", mark=Mark.MAPS, maps=maps, photo=photo))
    (one,), (other,) = (list(picture.iter(f"{SVG}image")) for picture in (bare, over))
    assert one.get("href") != other.get("href")


def test_the_leading_panels_are_maps_else_two_matrices_else_the_first():
    line = Panel("line", "x", "y", (curve("plain", [0, 1], [0, 1]),))
    heats = [
        Panel(name, "x", "y", mark=Mark.HEAT, matrix=matrix(name, "ab", "ab", np.eye(2)))
        for name in ("one", "two", "three")
    ]
    maps = Panel("maps", "x", "y", mark=Mark.MAPS, maps=(heats[0].matrix,))

    def leading(*panels):
        return [panel.name for panel in Finding("made", {}, 1.0, panels).leading]

    assert leading(line, *heats, maps) == ["maps"]
    assert leading(line, *heats) == ["one", "two"]
    assert leading(line) == ["line"]
    assert leading() == []
