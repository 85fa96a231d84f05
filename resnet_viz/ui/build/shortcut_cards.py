"""Options A, B and C as three cards with their price."""

from dataclasses import replace

import streamlit as st

from resnet_viz.core.number_format import readable
from resnet_viz.core.text import Text
from resnet_viz.networks.tables.totals import ShortcutCost, shortcut_cost
from resnet_viz.spec import NetworkSpec, Shortcut
from resnet_viz.ui.frame.engines import results
from resnet_viz.ui.frame.session import DESIGN_FIELD

OPTIONS = (Shortcut.ZERO_PAD, Shortcut.PROJECTION, Shortcut.PROJECTION_ALL)


def show_options(spec: NetworkSpec, text: Text) -> None:
    """Show what each kind of shortcut would cost in this design, and a button that takes it."""
    for column, option in zip(st.columns(len(OPTIONS)), OPTIONS, strict=True):
        with column, st.container(border=True, height="stretch", gap="xsmall"):
            cost = _cost(replace(spec, shortcut=option))
            st.markdown(f"**{text(f'design.shortcut_{option}')}**")
            st.caption(
                text(
                    "design.option_cost",
                    parameters=f"{cost.parameters:,}",
                    macs=readable(cost.macs / 1e6),
                    kept=readable(cost.kept / 1e3),
                )
            )
            chosen = spec.shortcut is option
            st.button(
                text("cards.chosen" if chosen else "cards.choose"),
                key=f"option_{option}",
                disabled=chosen,
                on_click=DESIGN_FIELD["shortcut"].set,
                args=(option.value,),
                width="stretch",
            )


def _cost(spec: NetworkSpec) -> ShortcutCost:
    return results().cached(("cost", spec), lambda: shortcut_cost(spec), size=1000)
