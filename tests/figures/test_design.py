"""The drawings of a design: solid, dashed, dotted and missing shortcuts, and the labels."""

from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from resnet_viz import NetworkSpec, Pair
from resnet_viz.core.text import Text
from resnet_viz.figures.backbone_drawing import backbone_svg
from resnet_viz.figures.comparison_drawing import network_title
from resnet_viz.figures.network_card import card_svg
from resnet_viz.figures.network_drawing import block_figure, catalog_figure, network_figure
from resnet_viz.figures.signal_plot import signal_caption, signal_figure
from resnet_viz.networks.tables.block_groups import block_groups, layers_inside
from resnet_viz.probe.signal_check import signal_check
from resnet_viz.records import BlockGroup, Role, SignalCheck, StageFeatures, role_alone
from resnet_viz.spec import PRESETS, Initialisation, Norm, Shortcut
from tests.networks.specs import DESIGNS

TEXT = Text("en")


def drawn(name, selected=None):
    spec = NetworkSpec.preset(name)
    groups = Pair(spec, spec.plain()).map(block_groups)
    return network_figure(groups, selected=selected, ink="#000000", text=TEXT), groups


@pytest.mark.parametrize(
    ("name", "rows", "dashes"),
    [
        ("resnet1202", 7, ["solid", "dot", "solid", "dot", "solid"]),
        ("resnet18", 9, ["solid", "dash", "solid", "dash", "solid", "dash", "solid"]),
        ("resnet50", 10, ["dash", "solid"] * 4),
    ],
)
def test_equal_blocks_are_one_box_and_none_of_their_arcs_goes_around_two(name, rows, dashes):
    figure, groups = drawn(name)
    assert len(groups.first) == len(groups.second) == rows
    arcs = [s.line.dash for s in figure.layout.shapes if s.type == "path"]
    blocks = [group.count for group in groups.first if group.way]
    pairs = zip(dashes, blocks, strict=True)
    assert arcs == [dash for dash, count in pairs for _ in range(min(count, 3))]
    crosses = [a for a in figure.layout.annotations if a.text == "✕"]
    assert len(crosses) == len(dashes)  # each missing shortcut of the twin is marked


def test_shapes_stand_on_the_edges():
    figure, groups = drawn("resnet20")
    edges = {a.y: a.text for a in figure.layout.annotations if a.y % 1 == 0.5}
    assert edges[0.5] == "16 × 32 × 32"
    assert edges[1.5] == "16 × 32 × 32"
    assert edges[2.5] == "32 × 16 × 16"
    assert len(edges) == len(groups.first) - 1


def test_a_stage_that_cannot_be_built_stands_under_the_last_that_can():
    groups = Pair(*[block_groups(NetworkSpec.preset("resnet20"))[:-1]] * 2)
    figure = network_figure(groups, selected=None, ink="#000", text=TEXT, broken="<b>4")
    broken = [a for a in figure.layout.annotations if "&lt;b&gt;4" in a.text]
    assert [a.y for a in broken] == [len(groups.first)] * 2
    assert len([s for s in figure.layout.shapes if s.line.dash == "dash"]) == 2


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "ResNet of 2-2-2-2 blocks, 8–64 channels"),  # of 18 layers, and not ResNet-18
        ({"shortcut": Shortcut.NONE}, "plain network of 2-2-2-2 blocks, 8–64 channels"),
        ({"depths": (4, 4, 4), "widths": (16, 32, 64)}, "ResNet-26"),
        ({"widths": (64, 128, 256, 512), "classes": 3}, "ResNet-18"),
        ({"depths": (1,), "widths": (4,)}, "ResNet of 1 blocks, 4 channels"),
    ],
)
def test_only_what_is_laid_out_like_a_published_network_has_its_name(changes, title):
    fields = {"depths": (2, 2, 2, 2), "widths": (8, 16, 32, 64)} | changes
    assert network_title(NetworkSpec(**fields), TEXT) == title


def made_stage(name, blocks=0):
    return StageFeatures(name, name, blocks, 4, np.zeros((8, 4, 4), np.float32))


def test_a_pyramid_has_a_way_from_coarse_to_fine_beside_the_stages():
    body = [made_stage("stem"), *[made_stage(f"layer{n}", 3) for n in range(1, 5)]]
    levels = [made_stage(f"P{n}") for n in range(2, 6)]
    drawing = backbone_svg([*body, *levels], ["<boxes>", "classes"], TEXT)
    tree = ElementTree.fromstring(drawing)
    paths = [one.get("class") for one in tree.iter() if one.tag.endswith("path")]
    assert paths.count("arc") == 4 * 3
    assert paths.count("down") == 3
    assert "&lt;boxes&gt;" in drawing
    plain = ElementTree.fromstring(backbone_svg(body, ["head"], TEXT))
    assert not [one for one in plain.iter() if one.get("class") == "down"]


def test_catalog_draws_three_arcs_where_channels_are_laid_beside_and_one_where_they_are_added():
    def group(name, count, way):
        return BlockGroup(name, name, count, (8, 4, 4), 10, 20, way)

    dense = (group("stem", 1, None), group("features.denseblock1.denselayer1", 6, "concatenation"))
    added = (group("features.3", 2, "identity"), group("features.4", 1, "none"))
    resnet = block_groups(NetworkSpec.preset("resnet20"))
    beside = ("ResNet-20", resnet)
    counts = []
    for groups in (dense, added, resnet):
        figure = catalog_figure("N", groups, beside, ink="#000", text=TEXT)
        arcs = [s for s in figure.layout.shapes if s.type == "path"]
        counts.append(len(arcs) - 9)  # nine are of ResNet-20, one for each block
        assert {trace.name for trace in figure.data} >= {"identity", "zero-padding"}
    assert counts == [3, 2, 9]
    words = [a.text for a in catalog_figure("N", dense, beside, ink="#000", text=TEXT)
             .layout.annotations]  # fmt: skip
    assert any(word.startswith("denseblock1  ×6") for word in words)


@pytest.mark.parametrize("depths", [(1,), (3, 4, 6, 3), (200, 200, 200), (1, 100, 1)])
@pytest.mark.parametrize(("way", "arcs"), [("none", False), ("identity", True)])
def test_a_card_is_a_small_drawing_of_every_stage(depths, way, arcs):
    drawing = ElementTree.fromstring(card_svg(depths, way))
    tags = [element.tag.rpartition("}")[2] for element in drawing]
    assert len(depths) <= tags.count("rect") <= 50
    assert tags.count("path") == (tags.count("rect") if arcs else 0)
    bars = [element for element in drawing if element.tag.endswith("rect")]
    assert max(float(b.get("x")) + float(b.get("width")) for b in bars) <= 220
    assert len({b.get("height") for b in bars}) == len(depths)


@pytest.mark.parametrize("name", PRESETS)
def test_groups_hold_the_whole_network(name):
    preset = PRESETS[name]
    groups = block_groups(preset.spec)
    assert sum(group.parameters for group in groups) == preset.parameters
    assert sum(group.count for group in groups) == sum(preset.spec.depths) + 2
    assert len(groups) <= 12


def test_a_click_on_a_box_names_its_first_block():
    figure, _ = drawn("resnet20", selected="layer2.0")
    markers = [trace for trace in figure.data if trace.mode == "markers"]
    assert [m.customdata[2] for m in markers] == ["layer2.0", "layer2.0"]
    thick = [s for s in figure.layout.shapes if s.type == "rect" and s.line.width > 3]
    assert len(thick) == 2


@pytest.mark.parametrize("name", DESIGNS)
def test_inside_of_every_kind_of_block_is_drawn(name):
    spec = DESIGNS[name]
    for group in block_groups(spec):
        layers = layers_inside(spec, group.first)
        figure = block_figure(
            layers, way=group.way or "none", role=role_alone(spec), ink="#000", text=TEXT
        )
        (markers,) = [trace for trace in figure.data if trace.mode == "markers+text"]
        assert list(markers.customdata) == [layer.name for layer in layers]
        arcs = [t for t in figure.data if t.mode == "lines" and t.line.width == 2]
        has_shortcut = group.way not in (None, "none")
        assert len(arcs) == has_shortcut


def test_a_pre_activation_projection_leaves_behind_the_first_activation():
    spec = DESIGNS["wide pre-activation"]
    figure = block_figure(
        layers_inside(spec, "layer2.0"), way="projection", role=Role.RESIDUAL, ink="#000", text=TEXT
    )
    (arc,) = [t for t in figure.data if t.mode == "lines" and t.line.dash == "dash"]
    assert arc.x[0] == 2  # bn1, relu1


def test_signal_check_finds_the_plain_network_that_explodes():
    """SCIENCE: plain-56 with BN grows by thousands at the first weights, ResNet-56 does not."""
    spec = NetworkSpec.preset("resnet56")
    checks = Pair(spec, spec.plain()).map(lambda s: signal_check(s, seed=0))
    ratios = checks.map(lambda check: check.gradient_norms[0] / check.gradient_norms[-1])
    assert ratios.second > 1000
    assert ratios.first < 100
    said = signal_caption(checks, TEXT)
    assert "plain: the gradient grows" in said
    assert "residual: the gradient of the first block is" in said
    figure = signal_figure(checks, TEXT)
    assert len(figure.data) == 4
    assert len(figure.data[0].x) == 27


def test_signal_check_measures_what_flows():
    """Without normalisation and with lambda = 0 nothing but the branch's variance remains."""
    spec = DESIGNS["fixup"]
    check = signal_check(spec, seed=1)
    assert check.variances[0] > 0
    assert not check.gradient_norms.any()  # the head starts at zero
    assert "zero or not finite at 3 of 3" in signal_caption(Pair(check, check), TEXT)


def test_signal_check_leaves_random_state_and_repeats():
    before = torch.get_rng_state()
    first, again = (signal_check(DESIGNS["stochastic depth"], seed=2) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first.variances, again.variances)


@pytest.mark.parametrize("name", DESIGNS)
def test_signal_check_takes_every_design(name):
    check = signal_check(DESIGNS[name], seed=0)
    assert len(check.blocks) == len(check.variances) == sum(DESIGNS[name].depths)


def test_vanishing_is_named():
    falling = SignalCheck(("a", "b"), np.ones(2), np.array([1e-9, 1.0]), 4, 0)
    rising = SignalCheck(("a", "b"), np.ones(2), np.array([1.0, 1.0]), 4, 0)
    assert "shrinks 1 × 10⁹ times" in signal_caption(Pair(rising, falling), TEXT)


def test_plain_without_norm_and_default_start_vanishes():
    spec = NetworkSpec(
        depths=(9, 9, 9), widths=(8, 16, 32), norm=Norm.NONE, shortcut=Shortcut.NONE,
        initialisation=Initialisation.DEFAULT,
    )  # fmt: skip
    check = signal_check(spec, seed=0)
    assert check.gradient_norms[0] < 1e-6 * check.gradient_norms[-1]
