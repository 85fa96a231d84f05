"""The fields of the Build page in the session, and the spec they make."""

from dataclasses import dataclass, fields
from enum import StrEnum

import streamlit as st

from resnet_viz.core.errors import SpecError
from resnet_viz.networks.export.spec_file import spec_from_json
from resnet_viz.networks.tables.totals import check_size
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec
from resnet_viz.ui.frame.address import publish

PRESET = "preset"  # of the session and the address: what the page is about
OWN = "own"  # a design that is no preset
OTHERS = (*ZOO, *AT_WORK)
_FIRST = next(iter(RESIDUAL_PRESETS))
NAMES = tuple(field.name for field in fields(NetworkSpec))
LISTS = ("depths", "widths")
SEED = "design_seed"
HIGHEST_SEED = 2**31 - 1
_LAST = "design_spec"  # the last spec that could be built

#: The field beside which an error about several fields is shown.
_BESIDE = {
    "spec_stages": "widths",
    "spec_many_stages": "depths",
    "spec_many_blocks": "depths",
    "spec_parameters": "widths",
    "spec_basic_groups": "groups",
    "spec_narrow": "width_per_group",
    "spec_last_gamma": "zero_last_gamma",
    "spec_fixup": "fixup",
    "spec_fixup_scale": "branch_scale",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the field beside which to say so."""

    field: str
    error: SpecError


def key(field: str) -> str:
    """The session's key of a field's widget."""
    return f"design_{field}"


def start() -> str:
    """Before everything: what the page is about. Fills the fields where they are empty.

    Returns a preset's name, that of another network, or ``OWN``.
    """
    if PRESET not in st.session_state:
        asked = st.query_params.get(PRESET, "")
        known = asked in RESIDUAL_PRESETS or asked in OTHERS
        st.session_state[PRESET] = asked if known else _FIRST
    chosen = str(st.session_state[PRESET])
    if chosen in OTHERS:
        return chosen
    if not all(key(name) in st.session_state for name in NAMES):
        first = chosen if chosen in RESIDUAL_PRESETS else _FIRST
        fill(st.session_state.get(_LAST) or NetworkSpec.preset(first))
    spec, problem = read()
    known = problem is None and spec.name in RESIDUAL_PRESETS
    st.session_state[PRESET] = spec.name if known else OWN
    return str(st.session_state[PRESET])


def fill(spec: NetworkSpec) -> None:
    """Every field from a spec."""
    for name in NAMES:
        value = getattr(spec, name)
        plain = value.value if isinstance(value, StrEnum) else value
        st.session_state[key(name)] = ", ".join(map(str, value)) if name in LISTS else plain
    st.session_state[_LAST] = spec


def choose(name: str) -> None:
    """After a choice of a card: a preset's fields, or another network instead of a design."""
    st.session_state[PRESET] = name
    if name in RESIDUAL_PRESETS:
        fill(NetworkSpec.preset(name))


def back_to_design() -> None:
    """From another network to the last design."""
    st.session_state[PRESET] = OWN
    if _LAST in st.session_state:
        fill(st.session_state[_LAST])


def use_file() -> None:
    """After an upload: its fields, or what is wrong with it."""
    st.session_state.pop("design_refused", None)
    uploaded = st.session_state.get("design_upload")
    if uploaded is None:
        return
    try:
        fill(spec_from_json(uploaded.getvalue(), uploaded.name))
    except SpecError as error:
        st.session_state["design_refused"] = error


def read() -> tuple[NetworkSpec, Problem | None]:
    """The spec of the fields; where they make none, the last good one and the problem."""
    values = {name: _value(name) for name in NAMES}
    try:
        spec = NetworkSpec.from_dict(values)
        check_size(spec)
    except SpecError as error:
        field = _BESIDE.get(error.code) or str(error.values.get("field", "depths"))
        return st.session_state[_LAST], Problem(field, error)
    st.session_state[_LAST] = spec
    return spec, None


def seed_of_page() -> int:
    """The seed from which first weights are drawn."""
    return int(st.session_state.get(SEED) or 0)


def publish_preset() -> None:
    """What the page is about into the address, but for a design of one's own."""
    publish(PRESET, _FIRST)
    if st.query_params.get(PRESET) == OWN:
        del st.query_params[PRESET]


def _value(name: str) -> object:
    value = st.session_state.get(key(name))
    if name not in LISTS:
        return value
    parts = [part.strip() for part in str(value or "").replace("，", ",").split(",")]
    return [_number(part) for part in parts[:100] if part]


def _number(part: str) -> object:
    plain = part.removeprefix("-").isdigit() and part.isascii() and len(part) < 12
    return int(part) if plain else part
