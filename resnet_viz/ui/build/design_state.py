"""The state of the Build page: form fields in the session, and the spec that they make."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from resnet_viz.core.errors import SpecError
from resnet_viz.networks.export.spec_file import spec_from_json
from resnet_viz.networks.tables.totals import check_size
from resnet_viz.networks.zoo.backbones import AT_WORK
from resnet_viz.networks.zoo.catalog import ZOO
from resnet_viz.spec import RESIDUAL_PRESETS, NetworkSpec
from resnet_viz.spec.checks import MOST_STAGES
from resnet_viz.ui.frame.session import (
    DESIGN_FIELD,
    DESIGN_REFUSED,
    DESIGN_SEED,
    DESIGN_SPEC,
    DESIGN_UPLOAD,
    PRESET,
)

OWN = "own"  # a custom design
OTHERS = (*ZOO, *AT_WORK)
_FIRST = next(iter(RESIDUAL_PRESETS))
NAMES = tuple(field.name for field in fields(NetworkSpec))
LISTS = ("depths", "widths", "stem_inside")
HIGHEST_SEED = 2**31 - 1

#: Where an error about several fields is shown.
_BESIDE = {
    "spec_stages": "widths",
    "spec_stem_inside": "stem_inside",
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
    """Why the fields make no spec, and the field to show the error at.

    ``upto`` are the first stages, if those can be built; ``blocks`` and ``channels`` is what the
    fields say of the stage after them.
    """

    field: str
    error: SpecError
    upto: NetworkSpec | None = None
    blocks: str = ""
    channels: str = ""


def start() -> str:
    """Return the subject of the page: a preset, another network's name, or ``OWN``.

    Runs first on the page and fills empty fields.
    """
    if not PRESET.is_set:
        requested = PRESET.in_address
        known = requested in RESIDUAL_PRESETS or requested in OTHERS
        PRESET.set(requested if known else _FIRST)
    chosen = PRESET.get()
    if chosen in OTHERS:
        return chosen
    if not all(DESIGN_FIELD[name].is_set for name in NAMES):
        first = chosen if chosen in RESIDUAL_PRESETS else _FIRST
        fill(DESIGN_SPEC.get() or NetworkSpec.preset(first))
    spec, problem = read()
    known = problem is None and spec.name in RESIDUAL_PRESETS
    PRESET.set(spec.name if known else OWN)
    return PRESET.get()


def fill(spec: NetworkSpec) -> None:
    """Fill every field from a spec."""
    for name in NAMES:
        value = getattr(spec, name)
        plain = value.value if isinstance(value, StrEnum) else value
        DESIGN_FIELD[name].set(", ".join(map(str, value or ())) if name in LISTS else plain)
    DESIGN_SPEC.set(spec)


def choose(name: str) -> None:
    """Apply the choice of a card: fill the fields from a preset, or show another network."""
    PRESET.set(name)
    if name in RESIDUAL_PRESETS:
        fill(NetworkSpec.preset(name))


def back_to_design() -> None:
    """Return from another network to the last design."""
    PRESET.set(OWN)
    if DESIGN_SPEC.is_set:
        fill(DESIGN_SPEC.get())


def use_file() -> None:
    """Fill the fields from an uploaded spec, or remember why it was refused."""
    DESIGN_REFUSED.pop()
    uploaded = DESIGN_UPLOAD.get()
    if uploaded is None:
        return
    try:
        fill(spec_from_json(uploaded.getvalue(), uploaded.name))
    except SpecError as error:
        DESIGN_REFUSED.set(error)


def read() -> tuple[NetworkSpec, Problem | None]:
    """Return the spec of the fields; if they make none, the last valid spec and the problem."""
    values = {name: _value(name) for name in NAMES}
    try:
        spec = NetworkSpec.from_dict(values)
        check_size(spec)
    except SpecError as error:
        field = _BESIDE.get(error.code) or str(error.values.get("field", "depths"))
        return DESIGN_SPEC.get(), Problem(field, error, *_longest(values))
    DESIGN_SPEC.set(spec)
    return spec, None


def _longest(values: Mapping[str, object]) -> tuple[NetworkSpec | None, str, str]:
    """Return the most first stages that make a network, and the next stage as it was written."""
    lists = [values[name] for name in ("depths", "widths")]
    depths, widths = (one if isinstance(one, list) else [] for one in lists)
    for count in range(min(len(depths), len(widths), MOST_STAGES), 0, -1):
        fewer = {**values, "depths": depths[:count], "widths": widths[:count]}
        try:
            spec = NetworkSpec.from_dict(fewer)
            check_size(spec)
        except SpecError:
            continue
        blocks, channels = (str(one[count])[:20] if len(one) > count else "" for one in
                            (depths, widths))  # fmt: skip
        return spec, blocks, channels
    return None, "", ""


def seed_of_page() -> int:
    """Return the seed that initial weights are drawn from."""
    return DESIGN_SEED.get() or 0


def publish_preset() -> None:
    """Put the subject of the page into the address, unless it is a custom design."""
    PRESET.write_address("" if PRESET.get() in (OWN, _FIRST) else PRESET.get())


def _value(name: str) -> object:
    value = DESIGN_FIELD[name].get()
    if name not in LISTS:
        return value
    parts = [part.strip() for part in str(value or "").replace("，", ",").split(",")]
    numbers = [_number(part) for part in parts[:100] if part]
    return numbers or (None if name == "stem_inside" else numbers)


def _number(part: str) -> object:
    plain = part.removeprefix("-").isdigit() and part.isascii() and len(part) < 12
    return int(part) if plain else part
