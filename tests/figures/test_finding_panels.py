"""Panels of findings: spreads, labels at the ends, zones, rows, maps and curves behind a switch."""

import numpy as np
import pytest

from resnet_viz.core.text import LANGUAGES, Text
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.figures.curve_labels import _spaced
from resnet_viz.figures.finding_panels import panel_figure
from resnet_viz.records import Mark, Panel, Zone
from resnet_viz.spec import Kind

TEXT = Text("en")
EPOCHS = range(1, 4)


def errors(name, *values, **kept):
    return curve(
        name, EPOCHS, values, kind=Kind.PLAIN if "plain" in name else Kind.RESIDUAL, **kept
    )


TRAINING = Panel(
    "training", "epoch", "train_error",
    (errors("plain20", 60, 30, 10, note="10 %"), errors("resnet20", 50, 20, 9.9, note="9.9 %"),
     errors("plain56", 90, 80, 40, note="40 %")),
)  # fmt: skip
TESTING = Panel(
    "testing", "epoch", "test_error", (errors("plain20", 61, 33, 13),), behind="training"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_curves_with_notes_are_named_at_their_ends(language):
    figure = panel_figure(TRAINING, Text(language))
    assert not figure.layout.showlegend
    written = [one.text for one in figure.layout.annotations]
    depth = Text(language)("experiments.curves.plain_depth", depth=20, rest="")
    assert written[0] == f"{depth} 10 %"
    heights = sorted(one.y for one in figure.layout.annotations)
    assert min(np.diff(heights)) > 3  # 10 % and 9.9 % do not lie over each other
    assert {one.x for one in figure.layout.annotations} == {3}


def test_labels_keep_their_order_when_they_are_moved_apart():
    assert _spaced([0.5, 0.49, 0.0], 0.055) == pytest.approx([0.545, 0.49, 0.0])


def test_curves_that_end_in_one_point_have_a_legend_instead():
    same = Panel(
        "growth", "layer", "relative_gradient",
        (errors("plain20", 4, 2, 1, note="× 2"), errors("resnet20", 2, 1.4, 1, note="× 1.4")),
    )  # fmt: skip
    figure = panel_figure(same, TEXT)
    assert figure.layout.showlegend
    assert figure.data[0].name == "plain-20 × 2"


def test_the_test_error_is_dotted_behind_the_training_error():
    figure = panel_figure(TRAINING, TEXT, behind=TESTING)
    dotted = [t for t in figure.data if t.line.dash == "dot" and not t.showlegend]
    assert list(dotted[0].y) == [61, 33, 13]
    assert len(panel_figure(TRAINING, TEXT).data) == len(figure.data) - 1


def test_a_spread_is_a_band_and_of_points_it_is_bars():
    one = curve("residual", EPOCHS, [2, 3, 4], spread=([1, 2, 0], [3, 4, 5]))
    band = panel_figure(Panel("line", "direction", "loss", (one,), log_y=True), TEXT).data[0]
    assert band.fill == "toself"
    assert len(band.x) == 4  # the end at zero has no place on a logarithmic axis
    points = panel_figure(Panel("line", "direction", "loss", (one,), mark=Mark.POINTS), TEXT)
    assert list(points.data[0].error_y.arrayminus) == [1, 1, 4]


def test_repetitions_look_alike_and_are_named_once():
    lines = tuple(curve("residual", EPOCHS, [k, k, k]) for k in range(3))
    figure = panel_figure(Panel("line", "direction", "loss", lines), TEXT)
    assert [trace.showlegend for trace in figure.data] == [True, False, False]
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 1


def test_zones_are_marked_and_named_once():
    zones = tuple(Zone("chance", -1, 1, axis="y", start=k, end=k + 1) for k in range(2))
    one = Panel("cosine", "block", "cosine", (curve("residual", EPOCHS, [2, 3, 4]),), zones=zones)
    figure = panel_figure(one, TEXT)
    assert [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes] == [
        (0, 1, -1, 1),
        (1, 2, -1, 1),
    ]
    assert sum(t.name == TEXT("experiments.zones.chance") for t in figure.data) == 1
    bars = Panel("binomial", "path_length", "share", one.curves, mark=Mark.BARS,
                 zones=(Zone("published_band", 5, 17),))  # fmt: skip
    assert panel_figure(bars, TEXT).layout.shapes[0].yref == "paper"


def test_rows_share_one_axis_and_carry_their_notes():
    rows = tuple(
        curve(f"plain-{k}", EPOCHS, [0, 1, -1], kind=Kind.PLAIN, note=f"0.{k}") for k in (2, 50)
    )
    figure = panel_figure(Panel("derivative", "input", "derivative", rows, mark=Mark.ROWS), TEXT)
    assert figure.layout.xaxis.matches == "x2"
    assert [one.text for one in figure.layout.annotations] == ["plain-2", "0.2", "plain-50", "0.50"]


def test_maps_stand_side_by_side_on_one_scale():
    maps = tuple(matrix(name, "ab", "ab", np.eye(2)) for name in ("trained", "<b>fc"))
    figure = panel_figure(Panel("maps_plain", "column", "row", mark=Mark.MAPS, maps=maps), TEXT)
    assert [(m.zmin, m.zmax) for m in figure.data] == [(0, 1), (0, 1)]
    assert "<b>" not in "".join(one.text for one in figure.layout.annotations)


def test_cells_of_a_matrix_are_square_and_small_ones_are_annotated():
    blocks = [f"layer{stage}.{k}" for stage in (1, 2) for k in range(3)]
    small = Panel("between", "plain", "residual", mark=Mark.HEAT,
                  matrix=matrix("between", blocks, blocks, np.eye(6)))  # fmt: skip
    figure = panel_figure(small, TEXT)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.data[0].texttemplate
    assert len(figure.layout.shapes) == 2  # where the second stage begins
    many = blocks * 3
    large = matrix("between", many, many, np.eye(18))
    drawn = panel_figure(Panel("b", "plain", "residual", mark=Mark.HEAT, matrix=large), TEXT)
    assert not drawn.data[0].texttemplate
