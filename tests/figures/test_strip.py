"""The strip: a thumbnail, a bar and, for a shortcut, an arc for every block."""

from xml.etree import ElementTree

import numpy as np
import pytest

from resnet_viz.core.text import Text
from resnet_viz.figures.comparison_drawing import block_ranges, cam_range
from resnet_viz.figures.stage_drawing import strip_rows
from resnet_viz.figures.strip import NormRange, StripNode, StripRow, strip_legend, strip_svg, strips
from resnet_viz.records import Role

EN = Text("en")
SVG = "{http://www.w3.org/2000/svg}"


def row(count=4, layer="layer{s}.{i}", style="identity", selected="", norm=None, role=Role.PLAIN):
    names = [(s, layer.format(s=s, i=i), i) for s in (1, 2) for i in range(count // 2)]
    nodes = (
        StripNode(name, name, s, 10.0 ** (s + i) if norm is None else norm, style, "data:,")
        for s, name, i in names
    )
    return StripRow(role, "R", tuple(nodes), selected)


def drawn(one):
    return ElementTree.fromstring(strip_svg(one, NormRange.of([one]), 300, EN))


def of_class(root, tag, name):
    return [node for node in root.iter(f"{SVG}{tag}") if name in node.get("class", "").split()]


def test_every_block_has_a_thumbnail_and_a_bar_and_arcs_are_shortcuts():
    root = drawn(row(6, selected="layer1.1"))
    nodes = of_class(root, "g", "node")
    assert [node.get("data-layer") for node in nodes] == [
        f"layer{s}.{i}" for s in (1, 2) for i in range(3)
    ]
    assert len(list(root.iter(f"{SVG}image"))) == len(of_class(root, "rect", "norm")) == 6
    assert len(of_class(root, "path", "arc")) == 6
    assert not of_class(drawn(row(style=None)), "path", "arc")
    chosen = [node for node in nodes if node.get("aria-selected") == "true"]
    assert [node.get("data-own") for node in chosen] == ["layer1.1"]
    frames = [node.get("visibility") for node in of_class(root, "g", "frame")]
    assert frames.count("visible") == 1


@pytest.mark.parametrize(
    ("style", "dashes"), [("identity", None), ("padding", "1.5 3"), ("projection", "5 3")]
)
def test_each_shortcut_has_its_style(style, dashes):
    arcs = of_class(drawn(row(style=style)), "path", "arc")
    assert {arc.get("stroke-dasharray") for arc in arcs} == {dashes}


def test_bars_stand_between_the_lowest_and_the_highest_norm_on_a_logarithm():
    bars = of_class(drawn(row(4)), "rect", "norm")  # 10, 100, 100, 1000
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[1] == heights[2] == pytest.approx((heights[0] + heights[3]) / 2)
    assert heights[0] < heights[1] < heights[3]


def test_networks_of_unequal_depth_are_equally_wide():
    (short, deep), _ = strips([row(4), row(20)], EN)
    roots = [ElementTree.fromstring(svg) for svg in (short, deep)]
    assert roots[0].get("viewBox") == roots[1].get("viewBox")
    ends = [[float(image.get("x")) for image in root.iter(f"{SVG}image")] for root in roots]
    assert (ends[0][0], ends[0][-1]) == (ends[1][0], ends[1][-1])


@pytest.mark.parametrize("norm", [0.0, float("nan"), float("inf")])
def test_a_norm_that_has_no_logarithm_is_a_cross(norm):
    svg = strip_svg(row(norm=norm), NormRange.of([row()]), 300, EN)
    assert svg.count("×") == 4
    assert 'class="norm"' not in svg
    assert NormRange.of([row(norm=norm)]) is None
    assert "Bars" not in strip_legend(None, EN)


def test_names_and_pictures_are_escaped():
    svg = strip_svg(row(layer='"><script>{s}{i}'), None, 300, EN)
    ElementTree.fromstring(svg)
    assert "<script>" not in svg


def test_a_layer_inside_a_block_selects_the_block():
    svg = strip_svg(row(selected="layer1.1.conv2"), None, 300, EN)
    assert svg.count('aria-selected="true"') == 1


def test_padding_is_marked_where_shapes_change(comparison):
    residual, plain = strip_rows(comparison, "layer1.0", EN)
    styles = [node.shortcut for node in residual.nodes]
    assert styles.count("padding") == 2
    assert styles.count("identity") == 7
    assert {node.shortcut for node in plain.nodes} == {None}
    assert all(node.picture.startswith("data:image/jpeg;base64,") for node in residual.nodes)


def test_each_block_has_the_scale_of_its_own_picture(comparison):
    blocks = comparison.sides.first.spec.blocks()
    for own in (False, True):
        ranges = block_ranges(comparison, own=own)
        for number, block in enumerate(blocks):
            alone = cam_range(comparison, block, own=own)
            assert ranges.first[number] == alone.first
            assert ranges.second[number] == alone.second
    assert len(np.unique([one.high for one in ranges.first])) > 3
