"""Ways out of Build: source, spec, weights, ONNX, and Compare."""

import streamlit as st

from resnet_viz.networks.export import has_onnx, to_onnx, to_safetensors
from resnet_viz.networks.resnet import build
from resnet_viz.networks.source import source_code
from resnet_viz.networks.spec_file import spec_to_json
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec, Stem
from resnet_viz.text import Text
from resnet_viz.ui.build_state import seed_of_page
from resnet_viz.ui.network_choice import comparable


def offer(spec: NetworkSpec, text: Text) -> None:
    """The panel "Take away"."""
    st.caption(text("design.takeaway_note"))
    seed = seed_of_page()
    files = {
        "source": ("py", "text/x-python", lambda: source_code(spec).encode()),
        "json": ("json", "application/json", lambda: spec_to_json(spec).encode()),
        "safetensors": (
            "safetensors",
            "application/octet-stream",
            lambda: to_safetensors(build(spec, seed=seed)),
        ),
        "onnx": (
            "onnx",
            "application/octet-stream",
            lambda: to_onnx(build(spec, seed=seed).eval()),
        ),
    }
    for column, (name, (suffix, mime, make)) in zip(st.columns(4), files.items(), strict=True):
        column.download_button(
            text(f"design.download_{name}"),
            make,
            file_name=f"{spec.name}.{suffix}",
            mime=mime,
            key=f"design_download_{name}",
            on_click="ignore",
            width="stretch",
            disabled=name == "onnx" and not has_onnx(),
        )
    if not has_onnx():
        st.caption(text("errors.onnx_missing"))
    _open_elsewhere(spec, text)


def show_source(spec: NetworkSpec, text: Text) -> None:
    """The panel "Source"."""
    st.caption(text("design.source_note"))
    st.code(source_code(spec), language="python", height=520)


def _open_elsewhere(spec: NetworkSpec, text: Text) -> None:
    """To the pages that know the networks of the table."""
    if spec.name not in RESIDUAL_PRESETS:
        st.caption(text("design.elsewhere_presets"))
        return
    left, right = st.columns(2)
    shown = spec.name in comparable()
    if shown and left.button(text("design.compare"), key="design_compare", width="stretch"):
        st.session_state["network"] = spec.name
        st.switch_page("app.py", query_params={"network": spec.name})
    small = spec.stem is Stem.CIFAR
    if small and right.button(text("design.train"), key="design_train", width="stretch"):
        st.session_state["train_network"] = spec.name
        st.switch_page("pages/4_Train.py", query_params={"train_network": spec.name})
