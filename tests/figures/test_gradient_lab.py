"""The laboratory's plots: seeds as mean and band, theory's line, and no value silently dropped."""

import numpy as np
import pytest

from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.curves import curve, matrix
from resnet_viz.experiments.measures.gradient_growth import (
    GradientConfig,
    gradient_measurements,
)
from resnet_viz.experiments.recorded_trainings import bundled_trainings
from resnet_viz.figures.finding_matrices import shared_scale, surface_figure
from resnet_viz.figures.finding_panels import panel_figure
from resnet_viz.figures.gradient_lab_plots import (
    LabQuantity,
    growth_rows,
    heat_figure,
    lab_caption,
    lab_curves,
    lab_figure,
    step_curves,
)
from resnet_viz.records import Mark, Panel
from resnet_viz.records.theory import theory
from resnet_viz.spec import Kind, NetworkSpec

TEXT = Text("en")


@pytest.fixture(scope="module")
def measured():
    return list(gradient_measurements(GradientConfig(depths=(8, 14), seeds=2)))


@pytest.mark.parametrize("quantity", LabQuantity)
def test_every_quantity_is_one_curve_a_network(quantity, measured):
    curves = lab_curves(measured, quantity, 0)
    assert [(c.spec.depth, c.spec.kind) for c in curves] == [
        (8, Kind.RESIDUAL), (8, Kind.PLAIN), (14, Kind.RESIDUAL), (14, Kind.PLAIN),
    ]  # fmt: skip
    for one in curves:
        assert (one.low <= one.mean * (1 + 1e-9)).all()
        assert (one.mean <= one.high * (1 + 1e-9)).all()
    figure = lab_figure(curves, quantity, TEXT)
    assert figure.layout.yaxis.type == "log"
    assert {"ResNet-8", "plain-14"} <= {trace.name for trace in figure.data}


def test_mean_over_seeds_is_geometric(measured):
    mean = lab_curves(measured, LabQuantity.WEIGHT, 0)[0].mean[0]
    seeds = [m.convolutions()[0].weight_gradient_norm for m in measured
             if m.spec.depth == 8 and m.spec.kind is Kind.RESIDUAL]  # fmt: skip
    assert mean == pytest.approx(np.sqrt(seeds[0] * seeds[1]))


def test_theory_is_drawn_for_plain_networks_only():
    plain = NetworkSpec.preset("plain20")
    assert theory(plain) == pytest.approx(1.2109, abs=1e-3)
    assert theory(NetworkSpec.preset("resnet20")) is None


def test_zeros_and_infinities_are_named(measured):
    one = lab_curves(measured, LabQuantity.WEIGHT, 0)[0]
    broken = one.mean.copy()
    broken[0], broken[1], broken[2] = 0.0, np.inf, np.nan
    lost = type(one)(one.spec, one.layers, broken, one.low, one.high)
    figure = lab_figure([lost], LabQuantity.WEIGHT, TEXT)
    named = next(t for t in figure.data if t.name == "ResNet-8: 3 zero or not finite")
    assert list(named.x) == [1, 2, 3]
    assert "inf" in named.customdata[1]
    assert "no ratio" in lab_caption([lost], TEXT)


def test_heat_map_has_a_row_a_network_and_the_table_too(measured):
    curves = lab_curves(measured, LabQuantity.WEIGHT, 0)
    assert len(heat_figure(curves, TEXT).data[0].z) == 4
    rows = list(growth_rows(measured, 0, TEXT))
    assert [row["network"] for row in rows] == ["ResNet-8", "plain-8", "ResNet-14", "plain-14"]


def test_a_finding_names_what_a_logarithmic_axis_cannot_show():
    broken = curve("none", [0, 1, 2], [1.0, float("nan"), 0.0])
    panel = Panel("training", "step", "loss", (broken,), log_y=True)
    figure = panel_figure(panel, TEXT)
    assert figure.data[-1].name == "nothing: 2 zero or not finite"
    assert list(figure.data[-1].customdata) == ["nan", "0.0"]


def test_cells_without_a_logarithm_are_counted_and_crossed(measured):
    values = np.array([[1.0, 0.0], [np.nan, 2.0]])
    panel = Panel("residual", "direction", "direction_2", mark=Mark.SURFACE, log_y=True,
                  matrix=matrix("residual", ["-1", "1"], ["-1", "1"], values))  # fmt: skip
    figure = panel_figure(panel, TEXT)
    assert figure.layout.annotations[0].text == "residual: 2 zero or not finite"
    assert figure.data[0].type == "contour"
    surface = surface_figure(panel, TEXT, scale=(0, 1))
    assert surface.data[0].type == "surface"
    assert list(surface.data[0].x) == [-1, 1]
    one = lab_curves(measured, LabQuantity.WEIGHT, 0)[0]
    broken = one.mean.copy()
    broken[1] = 0.0
    lost = type(one)(one.spec, one.layers, broken, one.low, one.high)
    crosses = heat_figure([lost], TEXT).data[1]
    assert list(crosses.x) == [2]


def test_a_step_of_a_training_is_one_curve_a_network():
    training = bundled_trainings()[0]
    curves = step_curves(training.specs, training.at(0))
    assert [c.spec.kind for c in curves] == [Kind.RESIDUAL, Kind.PLAIN]
    assert len(curves[0].layers) == training.specs["residual"].depth - 1
    assert training.watched()[:3] == [0, 1, 10]


def test_matrices_of_a_finding_share_one_scale():
    panels = [
        Panel(name, "residual", "plain", mark=Mark.HEAT,
              matrix=matrix(name, "ab", "ab", np.full((2, 2), value)))
        for name, value in (("low", 0.1), ("high", 0.9))
    ]  # fmt: skip
    scale = shared_scale(panels)
    assert scale == (0.1, 0.9)
    drawn = panel_figure(panels[0], TEXT, scale=scale).data[0]
    assert (drawn.zmin, drawn.zmax) == (0.1, 0.9)


def test_names_from_outside_are_letters():
    hostile = curve("<img src=x>", [0], [1.0], ["<b>"])
    figure = panel_figure(Panel("training", "step", "loss", (hostile,)), TEXT)
    assert "<" not in figure.data[0].name
    assert "<b>" not in figure.data[0].customdata
