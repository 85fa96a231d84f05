"""The controls of Gradients: five presets, and everything they set."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from resnet_viz.core.errors import ResnetVizError
from resnet_viz.core.text import Text
from resnet_viz.experiments.measures.gradient_growth import INITIALISATIONS, GradientConfig
from resnet_viz.spec import Activation, Kind, Norm, Order
from resnet_viz.ui.frame.messages import show_error

DEPTHS = (8, 14, 20, 26, 32, 44, 56, 80, 110, 152, 202)
_KINDS = tuple(Kind)
_MOST_STEPS = 200

#: What each preset sets; everything else goes back to where it was at first.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "explodes": {"lab_depths": [20, 56], "lab_quantity": "activation"},
    "healthy": {"lab_depths": [20, 56], "lab_kinds": ["residual"], "lab_quantity": "activation"},
    "vanishes": {"lab_norm": "none", "lab_init": "default", "lab_quantity": "activation"},
    "blows_up": {"lab_norm": "none", "lab_quantity": "variance"},
    "weak_shortcut": {"lab_scale": 0.9, "lab_quantity": "activation"},
}
_START: Mapping[str, Any] = {
    "lab_depths": [56],
    "lab_kinds": [kind.value for kind in _KINDS],
    "lab_norm": "batch",
    "lab_init": "he",
    "lab_activation": "relu",
    "lab_order": "post",
    "lab_scale": 1.0,
    "lab_seeds": 1,
    "lab_steps": 0,
}


def offer_presets(text: Text) -> None:
    """Five buttons; the first is what the page opens with."""
    if "lab_preset" not in st.session_state:
        wanted = st.query_params.get("preset", "")
        _choose(wanted if wanted in PRESETS else next(iter(PRESETS)))
    chosen = st.session_state["lab_preset"]
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


def _choose(name: str) -> None:
    st.session_state["lab_preset"] = name
    for key, value in {**_START, **PRESETS[name]}.items():
        st.session_state[key] = value


def ask_networks(text: Text) -> GradientConfig | None:
    """The controls below the plot; None where what they say makes no sense, with the reason."""
    for key in (*_START, "lab_quantity"):
        st.session_state[key] = st.session_state[key]  # kept while another page is open
    left, middle, right = st.columns(3)
    with left:
        depths = st.multiselect(text("gradient_lab.depths"), DEPTHS, key="lab_depths")
        kinds = _several("kinds", [kind.value for kind in _KINDS], text)
        seeds = st.slider(text("gradient_lab.seeds"), 1, 5, key="lab_seeds")
    with middle:
        norm = _one("norm", [norm.value for norm in Norm], text)
        init = _one("init", list(INITIALISATIONS), text)
        scale = st.slider(text("gradient_lab.scale"), 0.0, 1.0, step=0.05, key="lab_scale")
    with right:
        activation = _one("activation", [kind.value for kind in Activation], text)
        order = _one("order", [order.value for order in Order], text)
        steps = st.slider(
            text("gradient_lab.steps"), 0, _MOST_STEPS, step=5, key="lab_steps",
            help=text("gradient_lab.steps_help"),
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
        key=f"lab_{name}",
        format_func=lambda option: text(f"gradient_lab.{name}_{option}"),
        required=True,
        wrap=True,
    )
    return chosen or options[0]


def _several(name: str, options: list[str], text: Text) -> list[str]:
    return st.pills(
        text(f"gradient_lab.{name}"),
        options,
        key=f"lab_{name}",
        selection_mode="multi",
        format_func=lambda option: text(f"kinds.{option}"),
    )
