"""The form of the gradient laboratory: five presets and every setting."""

from collections.abc import Mapping

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.gradient_growth import INITIALISATIONS, GradientConfig
from resnet_viz.figures.gradient_lab_plots import LabQuantity
from resnet_viz.spec import Activation, Kind, Norm, Order
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import LAB, LAB_PRESET, PRESET

DEPTHS = (8, 14, 20, 26, 32, 44, 56, 80, 110, 152, 202)
_KINDS = tuple(Kind)
_MOST_STEPS = 200

#: The settings that each preset changes; all others return to their defaults.
PRESETS: Mapping[str, Mapping[str, object]] = {
    "explodes": {"depths": [20, 56], "quantity": "activation"},
    "healthy": {"depths": [20, 56], "quantity": "activation"},
    "vanishes": {"norm": "none", "init": "default", "quantity": "activation"},
    "blows_up": {"norm": "none", "quantity": "variance"},
    "weak_shortcut": {"scale": 0.9, "quantity": "activation"},
}
_START: Mapping[str, object] = {
    "depths": [56],
    "kinds": [kind.value for kind in _KINDS],
    "norm": "batch",
    "init": "he",
    "activation": "relu",
    "order": "post",
    "scale": 1.0,
    "seeds": 1,
    "steps": 0,
}


def offer_presets(text: Text) -> None:
    """Show the presets as buttons; the page opens with the address's, or the first one."""
    if not LAB_PRESET.is_set:
        wanted = PRESET.in_address
        _choose(wanted if wanted in PRESETS else next(iter(PRESETS)))
    chosen = LAB_PRESET.get()
    PRESET.write_address("" if chosen == next(iter(PRESETS)) else chosen)
    with st.container(horizontal=True):
        for name in PRESETS:
            st.button(
                text(f"gradient_lab.preset_{name}"),
                key=f"preset_{name}",
                type="primary" if name == chosen else "secondary",
                on_click=_choose,
                args=(name,),
            )
    st.caption(text(f"gradient_lab.about_{chosen}"))


def faint_kind() -> Kind | None:
    """Return the networks that the chosen preset shows only to compare with, on the same axis."""
    return Kind.PLAIN if LAB_PRESET.get() == "healthy" else None


def _choose(name: str) -> None:
    LAB_PRESET.set(name)
    for setting, value in {**_START, **PRESETS[name]}.items():
        LAB[setting].set(value)


def ask_quantity(text: Text) -> LabQuantity:
    """Ask for the quantity on the vertical axis.

    The question is asked whether or not there is a result: a preset's answer has to wait for it.
    """
    chosen = st.segmented_control(
        text("gradient_lab.quantity"),
        [quantity.value for quantity in LabQuantity],
        key=LAB["quantity"].name,
        format_func=lambda name: text(f"gradient_lab.quantity_{name}"),
        required=True,
        wrap=True,
        help=text("gradient_lab.quantity_help"),
        persist_state="session",
    )
    return LabQuantity(chosen or LabQuantity.WEIGHT)


def ask_networks(text: Text) -> GradientConfig | None:
    """Show the settings and return them; None, with a message, if they are invalid."""
    left, middle, right = st.columns(3)
    with left:
        depths = st.multiselect(
            text("gradient_lab.depths"), DEPTHS, key=LAB["depths"].name, persist_state="session"
        )
        kinds = _several("kinds", [kind.value for kind in _KINDS], text)
        seeds = st.slider(
            text("gradient_lab.seeds"), 1, 5, key=LAB["seeds"].name, persist_state="session"
        )
    with middle:
        norm = _one("norm", [norm.value for norm in Norm], text)
        init = _one("init", list(INITIALISATIONS), text)
        scale = st.slider(
            text("gradient_lab.scale"), 0.0, 1.0, step=0.05, key=LAB["scale"].name,
            persist_state="session",
        )  # fmt: skip
    with right:
        activation = _one("activation", [kind.value for kind in Activation], text)
        order = _one("order", [order.value for order in Order], text)
        steps = st.slider(
            text("gradient_lab.steps"), 0, _MOST_STEPS, step=5, key=LAB["steps"].name,
            help=text("gradient_lab.steps_help"), persist_state="session",
        )  # fmt: skip
    if not depths or not kinds:
        st.info(text("gradient_lab.empty"))
        return None
    try:
        return GradientConfig(
            depths=tuple(depths),
            kinds=tuple(Kind(kind) for kind in kinds),
            norm=Norm(norm),
            initialisation=INITIALISATIONS[init],
            activation=Activation(activation),
            shortcut_scale=scale,
            order=Order(order),
            seeds=seeds,
            steps=steps,
        )
    except ResnetVizError as error:
        show_error(error, text)
        return None


def _one(name: str, options: list[str], text: Text) -> str:
    chosen = st.segmented_control(
        text(f"gradient_lab.{name}"),
        options,
        key=LAB[name].name,
        format_func=lambda option: text(f"gradient_lab.{name}_{option}"),
        required=True,
        wrap=True,
        persist_state="session",
    )
    return chosen or options[0]


def _several(name: str, options: list[str], text: Text) -> list[str]:
    return st.pills(
        text(f"gradient_lab.{name}"),
        options,
        key=LAB[name].name,
        selection_mode="multi",
        format_func=lambda option: text(f"kinds.{option}"),
        persist_state="session",
    )
