"""Walls of equal tiles, as HTML and as pixels."""

import re

import numpy as np

from resnet_viz.figures.tile_wall import Tile, TileRow, wall_html, wall_picture
from resnet_viz.records import Role

GREY = np.full((8, 8, 3), 128, np.uint8)
TILES = (
    Tile("Grad-CAM", GREY, note="0.2", picks="grad-cam", source="data:,x"),
    Tile("<img src=x>", None, waiting="3 s", about='"><b>', picks='"onload="'),
)
ROWS = [TileRow(role, "<i>ResNet</i>", TILES) for role in (Role.RESIDUAL, Role.PLAIN)]


def test_a_wall_has_a_tile_for_each_method_and_network_and_marks_the_selected_ones():
    html = wall_html(ROWS, selected="grad-cam")
    assert html.count('class="tile"') == 4
    assert html.count('data-pick="grad-cam" aria-pressed="true"') == 2
    assert "3 s" in html
    assert "line" not in re.findall(r'class="([^"]*)"', html)
    assert "tiles line" in wall_html(ROWS, scrolls=True)


def test_hostile_words_stay_words():
    html = wall_html(ROWS)
    assert "<img src=x>" not in html
    assert "<i>ResNet" not in html
    assert 'onload="' not in html
    assert "<b>●" in html  # the glyph is the wall's own


def test_the_picture_has_the_tiles_of_all_rows_and_empty_places():
    pixels = wall_picture(ROWS, columns=1)
    assert pixels.shape[1] == 128
    assert (pixels == 128).all(-1).sum() == 2 * 112 * 112  # the grey tile of each network
    assert wall_picture(ROWS, columns=2).shape[0] < pixels.shape[0]
