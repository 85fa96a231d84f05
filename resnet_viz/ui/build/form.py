"""The form of the Build page: every field of a design, validated on each change."""

from enum import StrEnum

import streamlit as st

from resnet_viz.core.text import Text
from resnet_viz.spec import (
    Activation,
    Attention,
    Block,
    Downsample,
    Edges,
    Initialisation,
    NetworkSpec,
    Norm,
    Order,
    Padding,
    Shortcut,
    ShortcutInput,
    Stem,
    StemPool,
    StrideIn,
    StrideOn,
)
from resnet_viz.ui.build import design_state as state
from resnet_viz.ui.frame.messages import show_error
from resnet_viz.ui.frame.session import DESIGN_FIELD, DESIGN_REFUSED, DESIGN_SEED, DESIGN_UPLOAD

_CHOICES: dict[str, type[StrEnum]] = {
    "block": Block,
    "shortcut": Shortcut,
    "padding": Padding,
    "shortcut_input": ShortcutInput,
    "downsample": Downsample,
    "attention": Attention,
    "stem": Stem,
    "stem_pool": StemPool,
    "order": Order,
    "stride_in": StrideIn,
    "stride_on": StrideOn,
    "edges": Edges,
    "norm": Norm,
    "activation": Activation,
    "initialisation": Initialisation,
}
_STEPS = {
    "shortcut_scale": 0.1, "stochastic_depth": 0.1, "branch_scale": 0.1, "shortcut_kernel": 2,
    "attention_kernel": 2,
}  # fmt: skip
_FLAGS = ("shortcut_norm", "attention_bias", "last_norm", "bias", "zero_last_gamma", "fixup")
_EMPTY = ("stem_width", "stem_inside", "branch_scale", "attention_kernel")  # the usual value

#: The fields in groups, in the order of the form.
_GROUPS = {
    "stages": ("block", "depths", "widths"),
    "shortcuts": (
        "shortcut", "padding", "downsample", "shortcut_norm", "shortcut_input", "shortcut_kernel",
        "shortcut_scale", "branch_scale", "stochastic_depth",
    ),
    "layers": (
        "order", "last_norm", "norm", "activation", "bias", "stride_on", "stride_in", "edges",
        "groups", "width_per_group",
    ),
    "attention": (
        "attention", "attention_reduction", "attention_least", "attention_bias", "attention_kernel",
    ),
    "start": ("initialisation", "zero_last_gamma", "fixup"),
    "ends": (
        "stem", "stem_width", "stem_inside", "stem_pool", "input_size", "input_channels", "classes",
    ),
}  # fmt: skip
_OPEN = ("stages",)


def ask_design(text: Text) -> tuple[NetworkSpec, state.Problem | None]:
    """Show the form; return the spec of its fields, or the last valid one and the problem."""
    spec, problem = state.read()
    for group, names in _GROUPS.items():
        wrong = problem is not None and problem.field in names
        with st.expander(text(f"design.group_{group}"), expanded=group in _OPEN or wrong):
            for name in names:
                _field(name, text)
                if problem is not None and problem.field == name:
                    show_error(problem.error, text)
            if group == "start":
                st.number_input(text("design.seed"), 0, state.HIGHEST_SEED, key=DESIGN_SEED.name)
    _upload(text)
    if problem is not None and problem.upto is None:
        st.caption(text("design.last_good"))
    return spec, problem


def _field(name: str, text: Text) -> None:
    label, note = text(f"design.field_{name}"), _help(name, text)
    if name in _CHOICES:
        st.selectbox(
            label,
            [choice.value for choice in _CHOICES[name]],
            format_func=lambda value: text(f"design.{name}_{value}"),
            key=DESIGN_FIELD[name].name,
            help=note,
        )
    elif name in _FLAGS:
        st.toggle(label, key=DESIGN_FIELD[name].name, help=note)
    elif name in state.LISTS:
        st.text_input(
            label,
            key=DESIGN_FIELD[name].name,
            help=note,
            max_chars=200,
            placeholder=text("design.usual") if name in _EMPTY else None,
        )
    else:
        st.number_input(
            label,
            value=None,
            step=_STEPS.get(name, 1),
            key=DESIGN_FIELD[name].name,
            help=note,
            placeholder=text("design.usual") if name in _EMPTY else None,
        )


def _help(name: str, text: Text) -> str | None:
    key = f"design.help_{name}"
    return text(key) if text.has(key) else None


def _upload(text: Text) -> None:
    st.file_uploader(
        text("design.upload"),
        type="json",
        key=DESIGN_UPLOAD.name,
        on_change=state.use_file,
        max_upload_size=1,
        help=text("design.upload_help"),
    )
    refused = DESIGN_REFUSED.get()
    if refused is not None:
        show_error(refused, text)
