"""Exports of a design: source, spec, weights and ONNX, and links to other pages."""

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.networks.export.source import source_code
from resnet_viz.networks.export.spec_file import spec_to_json
from resnet_viz.networks.export.weights_files import has_onnx, to_onnx, to_safetensors
from resnet_viz.networks.resnet.model import build
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec, Stem
from resnet_viz.ui.build.design_state import seed_of_page
from resnet_viz.ui.choose.network_choice import comparable
from resnet_viz.ui.choose.openings import open_design
from resnet_viz.ui.frame.session import NETWORK, TRAIN_NETWORK

_SCRIPTS = {"compare": "app.py", "explain": "pages/2_Explain.py", "train": "pages/4_Train.py"}


def offer(spec: NetworkSpec, text: Text) -> None:
    """Show the panel with the downloads and links."""
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
    """Show the generated source."""
    st.caption(text("design.source_note"))
    st.code(source_code(spec), language="python", height=520)


def _open_elsewhere(spec: NetworkSpec, text: Text) -> None:
    """Show buttons to other pages: a preset by its name, a custom design with its spec."""
    known = {
        "compare": spec.name in comparable(),
        "explain": spec.name in comparable(),
        "train": spec.name in RESIDUAL_PRESETS and spec.stem is Stem.CIFAR,
    }
    for column, (page, is_known) in zip(st.columns(3), known.items(), strict=True):
        with column:
            if is_known:
                open_known(page, spec.name, text)
            else:
                open_design(page, spec, text)


def open_known(page: str, name: str, text: Text) -> None:
    """Show a button that opens a preset or a network of the zoo on another page."""
    if st.button(text(f"openings.{page}"), key=f"open_{page}", width="stretch"):
        key = TRAIN_NETWORK if page == "train" else NETWORK
        key.set(name)
        st.switch_page(_SCRIPTS[page], query_params={key.name: name, "lang": text.language})
