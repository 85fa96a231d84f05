"""The formula laboratory: what is written about residual learning, checked on a network."""

from collections.abc import Iterator

import streamlit as st

from resnet_viz.experiments.batches import photographs
from resnet_viz.experiments.formulas import check_formulas
from resnet_viz.experiments.gradients import GradientConfig
from resnet_viz.networks.resnet import build
from resnet_viz.networks.totals import shortcut_cost
from resnet_viz.records import Formulas
from resnet_viz.spec import Kind, NetworkSpec, Order, Shortcut
from resnet_viz.text import Text
from resnet_viz.ui.live import live
from resnet_viz.ui.messages import show_error

_EXACT = 1e-5  # relative, single precision
_PATIENCE = 60.0  # seconds


def show_formulas(text: Text) -> None:
    """Claims with their verdict, and the numbers of every block."""
    st.caption(text("formulas.intro"))
    st.session_state.setdefault("formula_depth", 20)
    st.session_state.setdefault("formula_order", Order.POST.value)
    left, right = st.columns(2)
    depth = left.segmented_control(
        text("formulas.depth"), [20, 32, 56], key="formula_depth", required=True
    )
    order = right.segmented_control(
        text("formulas.order"),
        [order.value for order in Order],
        key="formula_order",
        format_func=lambda name: text(f"gradient_lab.order_{name}"),
        required=True,
    )
    config = GradientConfig(depths=(depth or 20,), order=Order(order or Order.POST))
    checking = live().get(("formulas", config), lambda: _checked(config))
    with st.spinner(text("formulas.working")):
        checking.wait(_PATIENCE)
    if checking.error is not None:
        show_error(checking.error, text)
    if checking.records:
        _show(checking.records[-1], text)


def _checked(config: GradientConfig) -> Iterator[Formulas]:
    network = build(config.spec(config.depths[0], Kind.RESIDUAL), seed=0)
    yield check_formulas(network, *photographs())


def _show(found: Formulas, text: Text) -> None:
    sums = max(block.sum_error for block in found.blocks)
    telescope = found.blocks[-1].telescope_error
    gradient = max(block.gradient_error for block in found.blocks)
    exact = "exact" if telescope < _EXACT else "gap"
    for formula, sentence in (
        (r"y = F(x) + x", text("formulas.sum", error=f"{sums:.2g}")),
        (r"x_L = x_0 + \sum_l F(x_l)",
         text(f"formulas.telescope_{exact}", error=f"{telescope:.2g}")),
        (r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y}"
         r"\left(1 + \frac{\partial F}{\partial x}\right)",
         text("formulas.gradient", error=f"{gradient:.2g}")),
    ):  # fmt: skip
        with st.container(border=True):
            left, right = st.columns([2, 3], vertical_alignment="center")
            left.latex(formula)
            right.markdown(sentence)
    with st.container(border=True):
        st.markdown(text("formulas.words"))
        st.table(list(_costs(found.spec, text)))
    st.caption(text("formulas.blocks"))
    st.dataframe([vars(block) for block in found.blocks], key="formula_blocks")


def _costs(spec: NetworkSpec, text: Text) -> Iterator[dict[str, str]]:
    """What each way around costs in this network."""
    for shortcut in (Shortcut.ZERO_PAD, Shortcut.PROJECTION, Shortcut.PROJECTION_ALL):
        cost = shortcut_cost(NetworkSpec.from_dict({**spec.to_dict(), "shortcut": shortcut.value}))
        yield {
            text("formulas.shortcut"): text(f"formulas.{shortcut}"),
            text("formulas.parameters"): f"{cost.parameters:,}",
            text("formulas.macs"): f"{cost.macs:,}",
            text("formulas.memory"): f"{cost.kept:,}",
        }
